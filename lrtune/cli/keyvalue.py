"""``--param k=v``: names and values from the command line."""

from __future__ import annotations

import json
from typing import Any

import click


class KeyValue(click.ParamType[tuple[str, Any]]):
    """``k=v``: v is read as JSON (3, 0.5, true, null, [1, 2]), and as text if it is none."""

    name = "k=v"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not equals or not key.strip():
            self.fail(f"{value!r} is not NAME=VALUE, e.g. width=256.", param, ctx)
        return key.strip(), read(text)


def read(text: str) -> Any:
    """A value: JSON if it is JSON (but not NaN or an infinity), else the text itself."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(name: str) -> Any:
    raise ValueError(name)
