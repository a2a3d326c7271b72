"""``width=256``: a name and a value as text, on the command line and in a query."""

from __future__ import annotations

import json
from typing import Any


def split(text: str) -> tuple[str, Any]:
    """Name and value of ``name=value``.

    Raises:
        ValueError: There is no name or no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{text!r} is not NAME=VALUE, e.g. width=256.")
    return name.strip(), read(value)


def read(text: str) -> Any:
    """A value: JSON if it is JSON (but not NaN or an infinity), else the text itself."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def write(name: str, value: Any) -> str:
    """``name=value`` that ``split`` reads back.

    Raises:
        TypeError, ValueError: ``value`` cannot be JSON.
    """
    return f"{name}={json.dumps(value, allow_nan=False)}"


def _no_number(name: str) -> Any:
    raise ValueError(name)
