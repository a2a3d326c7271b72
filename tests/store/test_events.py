"""Events: ids rise, and whoever reads on from an id misses none."""

from __future__ import annotations

import math
import threading

from store import Database, events
from tests.store.rows import Clock, submit


def test_they_come_back_in_order(database: Database, clock: Clock) -> None:
    submit(database, "a")
    submit(database, "b")
    with database.write() as tx:
        first = events.add(tx, "a", "log", {"text": "hello"})
        other = events.add(tx, "b", "log", {})
    clock.advance(3)
    with database.write() as tx:
        second = events.add(tx, "a", "phase", {"phase": "search"})
    assert first < other < second
    with database.read() as tx:
        found = events.after(tx, "a", 0, 10)
        assert [event.kind for event in found] == ["state", "log", "phase"]
        assert [event.id for event in found[1:]] == [first, second]
        assert (found[1].data, found[2].at, found[2].job) == ({"text": "hello"}, clock.at, "a")
        assert events.after(tx, "a", first, 10) == found[2:]
        assert events.after(tx, "a", 0, 2) == found[:2]
        assert events.after(tx, "a", second, 10) == []
        assert events.after(tx, "a", 2**63 - 1, 10) == []


def test_anything_a_task_prints_can_be_kept(database: Database) -> None:
    submit(database)
    said = {
        "text": "nul \0 surrogate \ud800 pair \U0001f600 \\u0000",
        "loss": math.nan,
        "all": [math.inf, {"x": 1}],
    }
    with database.write() as tx:
        event = events.add(tx, "job1", "log", said)
    with database.read() as tx:
        [found] = events.after(tx, "job1", event - 1, 1)
    text = "nul \ufffd surrogate \ufffd pair \U0001f600 \\u0000"
    assert found.data == {"text": text, "loss": None, "all": [None, {"x": 1}]}


def test_a_reader_who_reads_on_misses_none(database: Database) -> None:
    """Writers at once: each look from the last id seen finds ids above it only, and in the end all."""
    submit(database)
    writers, each = 4, 15
    seen: list[int] = []

    def write() -> None:
        for _ in range(each):
            with database.write() as tx:
                events.add(tx, "job1", "log", {})

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    running = True
    while running:
        running = any(thread.is_alive() for thread in threads)
        with database.read() as tx:
            seen += [event.id for event in events.after(tx, "job1", seen[-1] if seen else 0, 1000)]
    with database.read() as tx:
        all_ids = [event.id for event in events.after(tx, "job1", 0, 1000)]
    assert seen == all_ids
    assert len(seen) == writers * each + 1
