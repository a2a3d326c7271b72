"""Numbers as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lrtune.cli.plain import plain
from lrtune.wire import Interval, ParamValue


def lr(value: float, digits: int = 2) -> str:
    """A learning rate in a few digits: 0.0041, 3.2e-5, 0.5."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def metric(value: float | None) -> str:
    """A loss or a metric in three digits, a dash for none."""
    if value is None:
        return "–"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def interval(found: Interval) -> str:
    return f"{lr(found[0])} to {lr(found[1])}"


def duration(seconds: float) -> str:
    """0:34, 12:05, 1:02:03, 2d 4h."""
    whole = max(0, round(seconds))
    if whole >= 86_400:
        return f"{whole // 86_400}d {whole % 86_400 // 3600}h"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, roughly."""
    seconds = max(0.0, (now - at).total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def params(values: Mapping[str, ParamValue]) -> str:
    """``power 2, warmup 0.05``; empty without any."""
    return plain(", ".join(f"{name} {_param(value)}" for name, value in values.items()))


def _param(value: ParamValue) -> str:
    if isinstance(value, float):
        return lr(value) if abs(value) < 1e-3 or abs(value) >= 1e4 else f"{value:.3g}"
    if isinstance(value, list):
        return "[" + ", ".join(_param(each) for each in value) + "]"
    return str(value)


def family(name: str) -> str:
    """A schedule family in words."""
    return plain(name.replace("_", " "))
