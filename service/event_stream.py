"""A job's events as server-sent events (WHATWG HTML, section 9.2), read from the store as they appear.

Workers and server share nothing but the database, so the stream polls it: quickly while things happen,
slowly while they don't. Between two looks no connection and no thread is held.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Event as Flag

import anyio
import anyio.to_thread
from starlette.responses import StreamingResponse

from lrtune.wire import Event
from store import Database, events, jobs
from store.errors import DatabaseUnavailable

POLL_MIN_S = 0.1
POLL_MAX_S = 2.0
HEARTBEAT_S = 15.0
BATCH = 500
THREADS = 4
"""Threads that streams share, apart from the routes' own, so that many listeners never starve a request."""


async def stream(
    database: Database,
    job_id: str,
    after: int,
    *,
    draining: Flag,
    limiter: anyio.CapacityLimiter,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> AsyncIterator[str]:
    """Text of the stream: every event with an id above ``after``, until the job's last one.

    A comment line at least every ``HEARTBEAT_S`` keeps proxies from closing an idle stream. When the server
    stops, or its database goes away, the stream ends; the client resumes by Last-Event-ID.
    """
    yield "retry: 1000\n\n"
    delay, silent = POLL_MIN_S, 0.0
    while not draining.is_set():
        try:
            final, found = await anyio.to_thread.run_sync(look, database, job_id, after, limiter=limiter)
        except DatabaseUnavailable:
            return
        for event in found:
            yield line(event)
            after = event.id
        if len(found) == BATCH:
            continue
        if final:
            return
        if found:
            delay, silent = POLL_MIN_S, 0.0
        elif silent >= HEARTBEAT_S:
            yield ": heartbeat\n\n"
            silent = 0.0
        await sleep(delay)
        silent += delay
        delay = min(delay * 1.5, POLL_MAX_S)


def response(text: AsyncIterator[str]) -> StreamingResponse:
    """A stream as a response that neither caches nor proxies hold back."""
    return StreamingResponse(
        text, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def look(database: Database, job_id: str, after: int) -> tuple[bool, list[Event]]:
    """Whether the job has ended, and its next events.

    The state is read before the events: a job that had ended by then has written its last event.
    """
    with database.read() as tx:
        final = jobs.get(tx, job_id).state.final
        return final, events.after(tx, job_id, after, BATCH)


def line(event: Event) -> str:
    """One event; JSON has no raw line breaks, so one data line is enough."""
    return f"id: {event.id}\nevent: {event.kind}\ndata: {event.model_dump_json()}\n\n"
