"""What an entry function gets of a job's parameters."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, Union

import pytest

from lrtune.bundle import entry
from lrtune.bundle.params_schema import check
from lrtune.task import TaskError
from workers.trainer.arguments import arguments

if TYPE_CHECKING:
    from nowhere import Something  # type: ignore[import-not-found]


class Kind(StrEnum):
    RELU = auto()
    GELU = "gelu"


class Size(Enum):
    SMALL = 1
    LARGE = 2.5
    PAIR = (1, 2)


class Level(IntEnum):
    LOW = auto()
    HIGH = auto()


class Layer(Enum):
    """Values that JSON does not have."""

    LIST = list
    DICT = dict


Width = Annotated[int, "at least one"]


def task(
    kind: Kind = Kind.RELU,
    size: Size = Size.SMALL,
    level: Level = Level.LOW,
    layer: Layer = Layer.LIST,
    maybe: Optional[Kind] = None,  # noqa: UP045 - as users write it
    either: Union[int, str, None] = None,  # noqa: UP007 - likewise
    rate: float = 0.1,
    width: Width = 4,
    sizes: list[int] = [],  # noqa: B006 - likewise
    kinds: Sequence[Kind] = (),
    pair: tuple[int, float] = (1, 2.0),
    many: tuple[Kind, ...] = (),
    by_kind: dict[Kind, float] = {},  # noqa: B006 - likewise
    word: Literal["a", 1, True] | Kind = "a",
    number: float | int = 1,
    text: str | Kind = "x",
    quoted: "Kind | None" = None,  # noqa: UP037 - likewise
    open: Something = None,
    bare=None,
) -> None: ...


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"kind": "gelu"}, Kind.GELU),
        ({"kind": "relu"}, Kind.RELU),
        ({"size": 2.5}, Size.LARGE),
        ({"size": [1, 2]}, Size.PAIR),
        ({"level": "HIGH"}, Level.HIGH),
        ({"layer": "DICT"}, Layer.DICT),
        ({"maybe": "gelu"}, Kind.GELU),
        ({"maybe": None}, None),
        ({"either": 4.0}, 4),
        ({"either": "4"}, "4"),
        ({"rate": 1}, 1.0),
        ({"width": 4.0}, 4),
        ({"sizes": [1, 2.0]}, [1, 2]),
        ({"kinds": ["relu", "gelu"]}, [Kind.RELU, Kind.GELU]),
        ({"pair": [3.0, 3]}, (3, 3.0)),
        ({"many": ["gelu"]}, (Kind.GELU,)),
        ({"by_kind": {"gelu": 1}}, {Kind.GELU: 1.0}),
        ({"word": "gelu"}, Kind.GELU),
        ({"word": 1}, 1),
        ({"word": True}, True),
        ({"number": 4}, 4),
        ({"text": "gelu"}, "gelu"),
        ({"quoted": "gelu"}, Kind.GELU),
        ({"open": [1]}, [1]),
        ({"bare": {"a": [1]}}, {"a": [1]}),
    ],
)
def test_values_arrive_as_annotated(given: dict[str, Any], taken: object) -> None:
    """And the schema that the server reads from this file lets them through."""
    [(name, found)] = arguments(task, given).items()
    assert (name, found, type(found)) == (*given, taken, type(taken))
    if isinstance(found, list | tuple | dict):
        assert list(map(type, found)) == list(map(type, taken))  # type: ignore[call-overload]
    schema = entry.read({"mine.py": Path(__file__).read_bytes()}, "mine:task").params_schema
    assert not list(check(schema, json.loads(json.dumps(given)), ""))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"level": 3}, "level is 3: give a value of Level: 1, 2"),
        ({"layer": 3}, "layer is 3: give a value of Layer: 'LIST', 'DICT'"),
        ({"kind": "tanh"}, "kind is 'tanh': give a value of Kind: 'relu', 'gelu'"),
        ({"size": True}, "size is True: give a value of Size"),
        ({"width": 4.5}, "width is 4.5: give a whole number"),
        ({"rate": "1"}, "rate is '1': give a number"),
        ({"rate": True}, "rate is True: give a number"),
        ({"pair": [1]}, "pair is [1]: give a list of 2"),
        ({"sizes": "12"}, "sizes is '12': give a list"),
        ({"maybe": 1}, "maybe is 1: give a value of Kind: 'relu', 'gelu', or null"),
        ({"word": 1.5}, "word is 1.5: give one of 'a', 1, True, or a value of Kind"),
        ({"by_kind": []}, "by_kind is []: give an object"),
    ],
)
def test_values_that_are_none_of_their_annotations(given: dict[str, Any], says: str) -> None:
    with pytest.raises(TaskError) as caught:
        arguments(task, given)
    assert f"{caught.value.detail}: {caught.value.remedy}".startswith(says)


def test_an_enumeration_that_the_server_did_not_read_takes_values_and_names() -> None:
    assert arguments(task, {"level": 2}) == arguments(task, {"level": "HIGH"}) == {"level": Level.HIGH}


def test_a_wrapped_entry_and_open_parameters() -> None:
    def entry(**others: Kind) -> None: ...

    @functools.wraps(task)
    def wrapped(*args: Any, **kwargs: Any) -> None: ...

    calls: list[Callable[..., None]] = [entry, wrapped]
    assert [arguments(call, {"kind": "gelu"}) for call in calls] == [{"kind": Kind.GELU}] * 2
