"""Rate limits: a token bucket for each key, in this process's memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BURST_S = 10.0
"""A bucket holds what flows into it in this many seconds: so much can come at once."""

MOST_KEYS = 10_000
"""Buckets kept; beyond that, those that are full again are forgotten."""


@dataclass
class Bucket:
    """What is left of a key's allowance, as of ``at``."""

    left: float
    at: float


class RateLimits:
    """Allows each key so many requests a minute. Each server process counts for itself.

    Args:
        per_minute: How many; 0 for no limit.
        clock: Monotonic seconds.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60
        self.clock = clock
        self._full = max(1.0, self.rate * BURST_S)
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> float | None:
        """Take one request of a key's allowance; None if it was there, else seconds until it will be."""
        if self.rate <= 0:
            return None
        with self._lock:
            now = self.clock()
            bucket = self._buckets.get(key)
            if bucket is None:
                self._forget(now)
                bucket = self._buckets[key] = Bucket(self._full, now)
            bucket.left = min(self._full, bucket.left + (now - bucket.at) * self.rate)
            bucket.at = now
            if bucket.left < 1:
                return (1 - bucket.left) / self.rate
            bucket.left -= 1
            return None

    def _forget(self, now: float) -> None:
        if len(self._buckets) < MOST_KEYS:
            return
        self._buckets = {
            key: bucket
            for key, bucket in self._buckets.items()
            if bucket.left + (now - bucket.at) * self.rate < self._full
        }
