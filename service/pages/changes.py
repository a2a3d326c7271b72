"""Says that something happened to any job, as server-sent events, so that lists ask for themselves again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Event as Flag

import anyio
import anyio.to_thread

from service.event_stream import HEARTBEAT_S
from store import Database, events
from store.errors import DatabaseUnavailable

POLL_S = 1.0


async def changes(
    database: Database,
    after: int | None,
    *,
    draining: Flag,
    limiter: anyio.CapacityLimiter,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> AsyncIterator[str]:
    """Text of the stream: one event ``changed`` for whatever happened since the last.

    At first that is the event ``after``; None: whatever happens from now on. It says nothing of what
    happened, only the id of the newest event. It ends like a job's stream (``service.event_stream``).
    """
    yield "retry: 1000\n\n"
    seen, silent = after, 0.0
    while not draining.is_set():
        try:
            newest = await anyio.to_thread.run_sync(look, database, limiter=limiter)
        except DatabaseUnavailable:
            return
        if seen is not None and newest != seen:
            yield f"id: {newest}\nevent: changed\ndata: {newest}\n\n"
            silent = 0.0
        elif silent >= HEARTBEAT_S:
            yield ": heartbeat\n\n"
            silent = 0.0
        seen = newest
        await sleep(POLL_S)
        silent += POLL_S


def look(database: Database) -> int:
    """The id of the newest event."""
    with database.read() as tx:
        return events.newest(tx)
