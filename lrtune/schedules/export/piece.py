"""Pieces that emitted code is put together from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import indent
from typing import Any


@dataclass(frozen=True)
class Piece:
    """An expression, and the definitions that must stand above it (empty or whole lines)."""

    expression: str
    above: str = ""


def call(name: str, *args: str, **kwargs: Any) -> str:
    """A call, on one line if it fits, else one argument a line; keyword values are shown as literals.

    ``args`` are source text.
    """
    parts = [*args, *(f"{key}={shown(value)}" for key, value in kwargs.items())]
    line = f"{name}({', '.join(parts)})"
    if len(line) <= 88 and "\n" not in line:
        return line
    return f"{name}(\n" + "".join(indent(part, "    ") + ",\n" for part in parts) + ")"


def shown(value: Any) -> str:
    """A literal of the value; strings in double quotes. Floats read back as the same float."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def comment(text: str) -> str:
    """The lines of a text as a comment."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def blocks(*texts: str) -> str:
    """The texts that are not empty as one source file, blank lines between them as PEP 8 wants them."""
    kept = [text.strip("\n") for text in texts if text]
    source = ""
    for above, text in zip(["", *kept], kept, strict=False):
        in_body = above.rpartition("\n")[2].startswith("    ")
        gap = "\n\n\n" if in_body or text.startswith(("def ", "class ", "@")) else "\n\n"
        source += f"{gap}{text}" if above else text
    return f"{source}\n"
