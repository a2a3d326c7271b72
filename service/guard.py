"""Keeps web pages of other sites away, with accounts and without.

A browser on this machine can reach a loopback server, so any page it shows could post here, or read
answers under a host name that it re-points at 127.0.0.1. Host names are therefore checked, and writes
that a browser says come from another origin are refused. A session's cookie needs more than that: see
``service.authentication``.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.problems import ProblemError, response
from service.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Answers 421 to a foreign Host and 403 to a cross-origin write."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.names = settings.allowed_hosts
        self.loopback_only = settings.loopback and not settings.allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem:
            await response(problem, instance=scope["path"])(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _problem(self, scope: Scope) -> ProblemError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._knows(host):
            return ProblemError(
                "misdirected_request",
                f"This server does not answer to the host name {host!r}.",
                "Use the address that `lrtune serve` printed, or add the name to LRTUNE_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if scope["method"] not in SAFE_METHODS and origin and _authority(origin) != host.lower():
            return ProblemError(
                "cross_origin",
                f"A page of {origin} may not write here.",
                "Send the request from the server's own pages, or from a program instead of a browser.",
            )
        return None

    def _knows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if self.names:
            return name in self.names
        return not self.loopback_only or name == "localhost" or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _authority(origin: str) -> str:
    return origin.lower().partition("://")[2]
