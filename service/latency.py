"""How long requests take, by route: until the response begins, so that an event stream counts too."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOWHERE = "none"
"""The route of a request that no route takes: whatever somebody may ask for makes one series, not many."""

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Latency:
    """Measures each request into a histogram.

    Args:
        registry: Takes the histogram.
        clock: Monotonic seconds.
    """

    def __init__(
        self, app: ASGIApp, registry: CollectorRegistry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.app = app
        self.clock = clock
        self.histogram = Histogram(
            "lrtune_http_request_seconds",
            "Seconds until a response begins.",
            ["method", "route", "status"],
            buckets=BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = self.clock()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", NOWHERE)
                labels = (scope["method"] if route != NOWHERE else NOWHERE, route, str(message["status"]))
                self.histogram.labels(*labels).observe(self.clock() - began)
            await send(message)

        await self.app(scope, receive, timed)
