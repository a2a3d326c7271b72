"""The last handler: an exception nobody expected becomes a problem with an incident id, never a bare 500."""

from __future__ import annotations

import logging
import uuid

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import ProblemError, response

log = logging.getLogger("lrtune.service")


class Incidents:
    """Logs the traceback under the incident's id, and shows the client the id alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception:
            incident = uuid.uuid4()
            log.exception("incident %s: %s %s", incident, scope["method"], scope["path"])
            if started:
                raise
            problem = ProblemError(
                "internal_error",
                f"This is a mistake of the server, recorded as incident {incident}.",
                "Tell the server's administrator the incident id; the server's log has the cause.",
            )
            await response(problem, instance=f"urn:uuid:{incident}")(scope, receive, send)
