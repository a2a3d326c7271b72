"""Cursors of lists: opaque text that holds the sort key of a page's last item."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from lrtune.wire import Page
from store.errors import CursorInvalid

Key = str | int | float
Row = TypeVar("Row")
Item = TypeVar("Item")

_LARGEST = 2**63 - 1


def encode(name: str, key: Sequence[Key]) -> str:
    """The cursor after ``key`` in the list ``name``."""
    text = json.dumps([name, *key], separators=(",", ":"), allow_nan=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(name: str, cursor: str, kinds: Sequence[type[Key]]) -> list[Key]:
    """The key in a cursor of the list ``name``, one value a kind.

    Raises:
        CursorInvalid: The list ``name`` never gave out this cursor.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid() from None
    if not isinstance(found, list) or len(found) != len(kinds) + 1 or found[0] != name:
        raise _invalid()
    key = found[1:]
    if not all(type(value) is kind and _storable(value) for value, kind in zip(key, kinds, strict=True)):
        raise _invalid()
    return key


def page(
    rows: Sequence[Row], limit: int, item: Callable[[Row], Item], cursor: Callable[[Row], str]
) -> Page[Item]:
    """A page of ``limit`` items from up to ``limit + 1`` rows: one more says that there is a next page."""
    shown = rows[:limit]
    return Page(
        items=[item(row) for row in shown], next_cursor=cursor(shown[-1]) if len(rows) > limit else None
    )


def _storable(value: Key) -> bool:
    if isinstance(value, str):
        return "\0" not in value and value.isprintable()
    if isinstance(value, int):
        return -_LARGEST <= value <= _LARGEST
    return math.isfinite(value)


def _invalid() -> CursorInvalid:
    return CursorInvalid(
        "This cursor was not given out by this list.", "Pass next_cursor of the page before, or none."
    )
