"""The schema read from an entry function's source."""

import pytest

from examples import EXAMPLES
from service import entry_schema, examples

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
    schema = entry_schema.read({"mine.py": SOURCE}, "mine:entry")
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
            "odd": {},
            "must": {"type": "integer", "description": "Say it."},
        },
        "required": ["must"],
        "additionalProperties": False,
    }


def test_open_parameters() -> None:
    schema = entry_schema.read({"mine.py": SOURCE}, "mine:open_entry")
    assert schema["additionalProperties"] is True


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({"mine.py": SOURCE}, "mine:nothing"),
        ({"mine.py": SOURCE}, "yours:entry"),
        ({"mine.py": SOURCE}, "mine"),
        ({"mine.py": b"def ("}, "mine:entry"),
        ({"mine.py": b"\0"}, "mine:entry"),
    ],
)
def test_unreadable(files: dict[str, bytes], entry: str) -> None:
    with pytest.raises(entry_schema.EntryError):
        entry_schema.read(files, entry)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_described_parameters_with_defaults(name: str) -> None:
    example = EXAMPLES[name]
    schema = entry_schema.read(examples.files(example), example.entry)
    assert schema["properties"]
    assert not schema["required"]
    assert all("description" in each and "default" in each for each in schema["properties"].values())
