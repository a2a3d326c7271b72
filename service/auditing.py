"""Writes the audit log: an entry for every request that changed something, or that the rules refused."""

from __future__ import annotations

import logging
from typing import Any

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import Message, Scope, Send

from service.caller import Caller
from service.guard import SAFE_METHODS
from service.rules import Rule
from store import Database, audit
from store.errors import DatabaseUnavailable

log = logging.getLogger("lrtune.service")

FORBIDDEN = 403


def audited(send: Send, database: Database, scope: Scope, key: str, rule: Rule) -> Send:
    """``send``, but before an answer begins the entry about its request is written.

    Reads leave none, nor does what was wrong or failed. If the log cannot be written, the server's own log
    has the entry: what was done has been done.
    """
    if scope["method"] in SAFE_METHODS or not rule.audited:
        return send

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            status: int = message["status"]
            caller: Caller | None = scope["state"].get("caller")
            if caller is not None and (status < 400 or status == FORBIDDEN):
                target = Headers(raw=message.get("headers", [])).get("location", scope["path"])
                await anyio.to_thread.run_sync(write, database, caller, key, target, status, origin(scope))
        await send(message)

    return noting


def write(database: Database, caller: Caller, key: str, target: str, status: int, origin: str) -> None:
    entry: dict[str, Any] = {
        "account": caller.account,
        "token": caller.token,
        "action": key,
        "target": target,
        "status": status,
        "origin": origin,
    }
    try:
        with database.write() as tx:
            audit.add(tx, **entry)
    except DatabaseUnavailable as error:
        log.error("the audit log could not be written (%s): %s", error, entry)


def origin(scope: Scope) -> str:
    """The address that a request came from; a proxy's, behind one."""
    client = scope.get("client")
    return str(client[0]) if client else ""
