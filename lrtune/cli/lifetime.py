"""``--expires 90d``: how long a token lives."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Lifetime(click.ParamType[timedelta]):
    """``12h``, ``90d`` or ``8w``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", str(value))
        if found is None:
            self.fail(f"{value!r} is not a time such as 12h, 90d or 8w.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
