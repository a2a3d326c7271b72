"""``--param k=v``: names and values from the command line."""

from __future__ import annotations

from typing import Any

import click

from lrtune import keyvalue


class KeyValue(click.ParamType[tuple[str, Any]]):
    """``k=v``: v is read as JSON (3, 0.5, true, null, [1, 2]), and as text if it is none."""

    name = "k=v"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        try:
            return keyvalue.split(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
