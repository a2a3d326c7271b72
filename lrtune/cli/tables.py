"""Tables without frames."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lrtune.cli.plain import plain


def table(*columns: str, right: Sequence[str] = (), wrap: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in ``right`` are aligned right.

    Where the terminal is too narrow, the columns named in ``wrap`` wrap between words, so that the others,
    ids among them, stay whole. Nothing is ever cut off.
    """
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in wrap,
            overflow="fold",
        )
    return made


def facts(rows: Sequence[tuple[str, Text | str]]) -> Table:
    """Names on the left, what they are on the right; long values wrap."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, value if isinstance(value, Text) else Text(plain(value)))
    return made


def indented(renderable: Table | Text) -> Padding:
    return Padding(renderable, (0, 0, 0, 2))


STATES = {
    "queued": "dim",
    "running": "cyan",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "complete": "green",
    "pruned": "dim",
    "diverged": "yellow",
    "waiting": "dim",
}
"""Colours of states."""


def state(name: str) -> Text:
    return Text(name, style=STATES.get(name, ""))
