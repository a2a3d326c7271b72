"""The schema read from an entry function's source."""

import re

import pytest

from examples import EXAMPLES
from lrtune.bundle import BundleError, entry
from service import examples

SOURCE = b'''
from typing import Literal
import lrtune

def entry(
    width: int = 64, dropout: float = 0.1, bias: bool = True, name: str = "a",
    kind: Literal["relu", "gelu"] = "relu", depth: int | None = None, other=3, odd: list = [], *, must: int,
) -> lrtune.Task:
    """A task.

    Args:
        width: Units of a ``layer``.
        must: Say it.

    Returns:
        nothing: at all.
    """
    raise RuntimeError("never run")

def open_entry(**params): ...
'''


def test_every_kind_of_argument() -> None:
    schema = entry.read({"mine.py": SOURCE}, "mine:entry").params_schema
    assert schema == {
        "type": "object",
        "properties": {
            "width": {"type": "integer", "default": 64, "description": "Units of a layer."},
            "dropout": {"type": "number", "default": 0.1},
            "bias": {"type": "boolean", "default": True},
            "name": {"type": "string", "default": "a"},
            "kind": {"enum": ["relu", "gelu"], "default": "relu"},
            "depth": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "other": {"default": 3},
            "odd": {"type": "array", "default": []},
            "must": {"type": "integer", "description": "Say it."},
        },
        "required": ["must"],
        "additionalProperties": False,
    }


def test_open_parameters() -> None:
    schema = entry.read({"mine.py": SOURCE}, "mine:open_entry").params_schema
    assert schema["additionalProperties"] is True


RICH = b'''
"""A module."""
from __future__ import annotations
from enum import Enum, StrEnum, auto
from typing import Annotated, Literal, Optional, Union
from annotated_types import Ge
from pydantic import Field

DEPTH = 3
Width = Annotated[int, Field(ge=1, le=4096)]

class Kind(StrEnum):
    RELU = auto()
    GELU = "gelu"

class Size(Enum):
    SMALL = 1
    LARGE = 2

class Layer(Enum):
    _ignore_ = ["x"]
    FLAT: object = 3
    DEEP = make()

def entry(
    width: Width = 64, depth: int = DEPTH, rate: Annotated[float, Ge(0), Field(lt=1)] = 0.1,
    kind: Kind = Kind.RELU, size: Size = Size.SMALL, layer: Layer = Layer.FLAT, maybe: Optional[int] = None,
    some: Union[int, str, None] = None, quoted: "int | None" = None, sizes: list[int] = [1, 2],
    pair: tuple[int, int] = (3, 3), many: tuple[float, ...] = (), table: dict[str, float] = {},
    nested: Literal["a"] | list[Literal[1, 2]] = "a", name: Annotated[str, Field(min_length=1)] = "x",
    nan: float = float("nan"), below: float = -1e999, open: "lrtune.Thing" = None,
): ...
'''


def test_annotations() -> None:
    found = entry.read({"mine.py": RICH}, "mine:entry")
    null = {"type": "null"}
    integer = {"type": "integer"}
    assert found.params_schema["properties"] == {
        "width": {"type": "integer", "minimum": 1, "maximum": 4096, "default": 64},
        "depth": {"type": "integer", "default": 3},
        "rate": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0.1},
        "kind": {"enum": ["relu", "gelu"], "default": "relu"},
        "size": {"enum": [1, 2], "default": 1},
        "layer": {"enum": ["FLAT", "DEEP"], "default": "FLAT"},
        "maybe": {"anyOf": [integer, null], "default": None},
        "some": {"anyOf": [integer, {"type": "string"}, null], "default": None},
        "quoted": {"anyOf": [integer, null], "default": None},
        "sizes": {"type": "array", "items": integer, "default": [1, 2]},
        "pair": {"type": "array", "items": integer, "minItems": 2, "maxItems": 2, "default": [3, 3]},
        "many": {"type": "array", "items": {"type": "number"}, "default": []},
        "table": {"type": "object", "additionalProperties": {"type": "number"}, "default": {}},
        "nested": {
            "anyOf": [{"enum": ["a"]}, {"type": "array", "items": {"enum": [1, 2]}}],
            "default": "a",
        },
        "name": {"type": "string", "minLength": 1, "default": "x"},
        "nan": {"type": "number"},
        "below": {"type": "number"},
        "open": {"default": None},
    }
    assert found.params_schema["required"] == []
    assert found.description == "A module."


@pytest.mark.parametrize(
    ("files", "point", "says"),
    [
        ({"mine.py": SOURCE}, "mine:nothing", "defines no function 'nothing'"),
        ({"mine.py": SOURCE}, "yours:entry", "The bundle has no yours.py"),
        ({"mine.py": SOURCE}, "mine", "is not module:function"),
        ({"mine.py": SOURCE}, "../mine:entry", "is not module:function"),
        ({"mine.py": b"x = 1\ndef ("}, "mine:entry", "mine.py, line 2"),
        ({"mine.py": b"\0"}, "mine:entry", "mine.py"),
        ({"mine.py": b"\x7fELF\xff\xfe"}, "mine:entry", "mine.py"),
        ({"mine.py": b"-" * 200_000 + b"1"}, "mine:entry", "mine.py"),
        ({"mine.py": b"(" * 200_000}, "mine:entry", "mine.py"),
        ({"mine.py": b"class entry: ..."}, "mine:entry", "line 1: entry is a class, not a function"),
        ({"mine.py": b"async def entry(): ..."}, "mine:entry", "is a coroutine"),
        ({"mine.py": b"entry = lambda: 1"}, "mine:entry", "is a value"),
        ({"mine.py": b"from x import entry"}, "mine:entry", "is imported"),
        ({"mine.py": b"def entry(a, /): ..."}, "mine:entry", "positional-only"),
        ({"random.py": b"def entry(): ..."}, "random:entry", "has the name of a module of Python's"),
        ({"mine.py": b"#" * 2_000_000}, "mine:entry", "more than 1048576 of Python"),
    ],
)
def test_unreadable(files: dict[str, bytes], point: str, says: str) -> None:
    with pytest.raises(BundleError, match=re.escape(says)) as caught:
        entry.read(files, point)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"def task(): ...\ndef other(): ...", "task"),
        (b"def a() -> int: ...\ndef b() -> lrtune.Task: ...", "b"),
        (b"def a() -> 'lrtune.Task': ...\ndef task(): ...", "a"),
        (b"def _a(): ...\ndef only(): ...", "only"),
    ],
)
def test_the_entry_is_guessed_where_it_can_be(source: bytes, found: str) -> None:
    assert entry.guess("mine.py", source) == found


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "defines no function"),
        (b"def a(): ...\ndef b(): ...", r"It has: a, b\. Name it: mine\.py:function"),
    ],
)
def test_an_entry_that_cannot_be_guessed_is_asked_for(source: bytes, says: str) -> None:
    with pytest.raises(BundleError, match=says):
        entry.guess("mine.py", source)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_described_parameters_with_defaults(name: str) -> None:
    example = EXAMPLES[name]
    schema = entry.read(examples.files(example), example.entry).params_schema
    assert schema["properties"]
    assert not schema["required"]
    assert all("description" in each and "default" in each for each in schema["properties"].values())
