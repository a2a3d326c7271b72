"""docs/schedules.md names every family with its picture, and every parameter with its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lrtune.plots.families import VARIANTS, family_png
from lrtune.schedules import FAMILIES, Param

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "schedules.md").read_text()


def sections() -> dict[str, str]:
    parts = re.split(r"^## `(\w+)`: .*\n", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def row(param: Param) -> str:
    """The parameter's row as the page must have it."""
    if param.kind == "categorical":
        default = number(param.default)
        searched = ", ".join(map(number, param.choices))
        allowed = ", ".join(map(number, param.allowed or param.choices))
    else:
        default = ", ".join(map(number, param.default if param.kind == "list" else [param.default]))
        searched = f"{param.low:.3g} to {param.high:.3g}" + (" (log)" if param.log else "")
        allowed = "{:g} to {:g}".format(*param.bounds)
    return f"| `{param.name}` | {default} | {searched} | {allowed} | {param.doc} |"


def test_every_family_has_its_section_in_order() -> None:
    assert list(sections()) == list(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_family_is_described(name: str) -> None:
    section = sections()[name]
    family = FAMILIES[name]
    assert family.summary in section
    assert "*When it helps.*" in section
    assert [
        row(param) for param in family.params if row(param) not in section and param.name != "warmup"
    ] == []
    picture = f"pictures/schedules-{name}.png"
    assert f"]({picture})" in section
    assert (DOCS / picture).read_bytes().startswith(b"\x89PNG")


def test_pictures_can_be_drawn_again() -> None:
    assert set(VARIANTS) == set(FAMILIES)
    assert family_png("plateau").startswith(b"\x89PNG")


def test_every_family_is_in_the_table_of_classes() -> None:
    table = PAGE[PAGE.index("| family | PyTorch") :]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(FAMILIES)
