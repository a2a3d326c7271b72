"""The stream for lists of jobs: it tells that something happened since the list was read, and no more."""

from __future__ import annotations

from threading import Event as Flag

import anyio

from service.pages.changes import changes
from store import Database, events
from tests.api.measured import running


def told(database: Database, after: int | None, *, looks: int, between: list[str]) -> list[str]:
    """What is told in so many looks; before each but the first a job of ``between`` is begun."""
    draining = Flag()
    waits = 0

    async def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if between:
            running(database, between.pop(0))
        if waits == looks:
            draining.set()

    async def read() -> list[str]:
        stream = changes(database, after, draining=draining, limiter=anyio.CapacityLimiter(1), sleep=sleep)
        return [text async for text in stream if text.startswith("id:")]

    return anyio.run(read)


def test_nothing_happens_nothing_is_told(database: Database) -> None:
    running(database, "a")
    assert told(database, None, looks=3, between=[]) == []


def test_what_happened_since_the_list_was_read(database: Database) -> None:
    with database.read() as tx:
        before = events.newest(tx)
    running(database, "a")
    with database.read() as tx:
        newest = events.newest(tx)
    assert told(database, before, looks=2, between=[]) == [
        f"id: {newest}\nevent: changed\ndata: {newest}\n\n"
    ]


def test_what_happens_while_it_listens(database: Database) -> None:
    assert len(told(database, None, looks=4, between=["a", "b"])) == 2


def test_it_beats_when_nothing_happens(database: Database) -> None:
    draining = Flag()

    async def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 20:
            draining.set()

    async def read() -> list[str]:
        stream = changes(database, None, draining=draining, limiter=anyio.CapacityLimiter(1), sleep=sleep)
        return [text async for text in stream]

    waits = 0
    assert ": heartbeat\n\n" in anyio.run(read)
