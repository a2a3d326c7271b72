"""Cursors: opaque, and refused unless this very list gave them out."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import cursors
from store.errors import CursorInvalid

KINDS = (str, int, float)
KEYS = st.tuples(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P"))),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


def raw(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(KEYS)
def test_a_cursor_holds_its_key(key: tuple[str, int, float]) -> None:
    assert tuple(cursors.decode("list", cursors.encode("list", key), KINDS)) == key


@given(st.text(max_size=300))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        cursors.decode("list", text, KINDS)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "made-up",
        "AAAA",
        "\0",
        "=" * 9,
        "ä",
        raw(None),
        raw({}),
        raw([]),
        raw(["list"]),
        raw(["other", "a", 1, 0.5]),
        raw(["list", "a", 1]),
        raw(["list", "a", 1, 0.5, 2]),
        raw(["list", 1, 1, 0.5]),
        raw(["list", "a", True, 0.5]),
        raw(["list", "a", 2**63, 0.5]),
        raw(["list", "a", 10**400, 0.5]),
        raw(["list", "a", 1, 1]),
        raw(["list", "a", 1, float("inf")]),
        raw(["list", "a", 1, float("nan")]),
        raw(["list", "\0", 1, 0.5]),
        raw(["list", "\ud800", 1, 0.5]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_garbage(cursor: str) -> None:
    with pytest.raises(CursorInvalid) as caught:
        cursors.decode("list", cursor, KINDS)
    assert caught.value.remedy
