"""How long to wait before asking again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

ATTEMPTS = 5
"""How often a call is made at most: pauses of 0.25, 0.5, 1 and 2 s, each less a random part of up to half."""

FIRST_S = 0.25
LONGEST_S = 5.0
RETRY_AFTER_MAX_S = 60.0
"""A server that asks for more patience than this is not waited for."""

RETRIED = frozenset({429, 502, 503, 504})
"""Statuses that say: not now."""

REFUSED = frozenset({429, 503})
"""Those of them with which the server itself says that it has done nothing."""


def pause_s(attempt: int, rng: random.Random) -> float:
    """Seconds before trying again after try number ``attempt``, counted from 0.

    Doubles each time; the random part keeps clients from coming back in step.
    """
    longest = min(FIRST_S * 2.0 ** min(attempt, 16), LONGEST_S)
    return longest * (1.0 - rng.random() / 2)


def retry_after_s(response: httpx.Response, now: datetime) -> float | None:
    """What a ``Retry-After`` header asks for in seconds (RFC 9110, section 10.2.3), None without one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
