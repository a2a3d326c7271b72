"""Text of others, made safe to print."""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"


def plain(text: str) -> str:
    """``text`` without control and bidirectional-override characters, which could rewrite the terminal."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    kind = unicodedata.category(char)
    if char in _KEPT or kind not in ("Cc", "Cf", "Cs"):
        return char
    return "" if kind == "Cc" else "\ufffd"
