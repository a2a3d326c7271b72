"""Numbers and times as pages show them."""

from __future__ import annotations

from datetime import datetime


def number(value: float | None) -> str:
    """A learning rate or a loss as people write it: 0.0012, 3.2e-5, 0.5; a dash for none."""
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def duration(seconds: float | None) -> str:
    """A time in its two largest units: 3 h 20 min, 41 s; a dash for none."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def moment(at: datetime) -> str:
    """A time for people; the machine-readable one stands beside it in ``<time>``."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def words(name: str) -> str:
    """A name of ours as words: one_cycle -> one cycle."""
    return name.replace("_", " ")
