"""A token bucket for each caller: bursts pass, floods wait."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CALLERS = 10_000
"""Buckets kept; the longest unused is forgotten first, which gives its caller a full bucket again."""


class TokenBuckets:
    """Each caller may make ``burst`` requests at once and ``per_minute`` in the long run; 0 means no limit.

    Kept in this process's memory: a restart fills all buckets. Safe to use from several threads.
    """

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate_per_s = per_minute / 60
        self.burst = float(burst)
        self.clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller: (tokens, at)

    def take(self, caller: str) -> float:
        """Take one token. 0.0 if there was one, else the seconds until there will be."""
        if self.rate_per_s == 0:
            return 0.0
        with self._lock:
            now = self.clock()
            tokens, at = self._buckets.pop(caller, (self.burst, now))
            tokens = min(self.burst, tokens + (now - at) * self.rate_per_s)
            wait_s = 0.0 if tokens >= 1 else (1 - tokens) / self.rate_per_s
            self._buckets[caller] = (tokens if wait_s else tokens - 1, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
            return wait_s
