"""A span for each request, for OpenTelemetry."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from lrtune import tracing
from service import gate


class Traced:
    """Names the span by method and route, as ``service.rules`` spells it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = gate.match(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        key, parameters = found
        job = {"lrtune.job": parameters["id"]} if "/jobs/{id}" in key else {}
        with tracing.span(key, **job):
            await self.app(scope, receive, send)
