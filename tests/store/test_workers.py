"""Workers as they report themselves."""

from __future__ import annotations

from typing import Any

from lrtune.wire import Isolation, Worker
from store import Database, workers
from tests.store.rows import Clock


def seen(database: Database, clock: Clock, id: str = "ada", **more: Any) -> None:
    with database.write() as tx:
        workers.seen(
            tx,
            id=id,
            host="gpu1",
            pid=4711,
            device="cuda:0",
            version="0.1.0",
            **{"started_at": clock.at, "lease_s": 20.0, "isolation": Isolation.LANDLOCK, **more},
        )


def listed(database: Database) -> list[Worker]:
    with database.read() as tx:
        return workers.page(tx).items


def test_a_worker_comes_works_and_goes(database: Database, clock: Clock) -> None:
    started_at = clock.at
    seen(database, clock)
    [worker] = listed(database)
    assert (worker.id, worker.host, worker.pid, worker.device) == ("ada", "gpu1", 4711, "cuda:0")
    assert (worker.alive, worker.isolation, worker.unit, worker.job) == (True, "landlock", None, None)
    clock.advance(10)
    seen(database, clock, unit="17", job="job1", started_at=started_at)
    [worker] = listed(database)
    assert (worker.unit, worker.job, worker.started_at, worker.seen_at) == (
        "17",
        "job1",
        started_at,
        clock.at,
    )
    seen(database, clock, started_at=started_at)
    assert listed(database)[0].unit is None
    with database.write() as tx:
        workers.gone(tx, "ada")
    assert listed(database) == []


def test_a_silent_worker_is_not_alive_and_fades(database: Database, clock: Clock) -> None:
    seen(database, clock)
    clock.advance(20)
    assert listed(database)[0].alive
    clock.advance(1)
    assert not listed(database)[0].alive
    clock.advance(3600)
    assert listed(database) == []


def test_the_longest_there_comes_first(database: Database, clock: Clock) -> None:
    seen(database, clock, "b")
    clock.advance(1)
    seen(database, clock, "a")
    seen(database, clock, "c")
    assert [worker.id for worker in listed(database)] == ["b", "a", "c"]


def test_those_heard_of_lately_are_counted(database: Database, clock: Clock) -> None:
    seen(database, clock)
    clock.advance(15)
    seen(database, clock, id="bob")
    with database.read() as tx:
        assert [workers.alive(tx, within_s=within_s) for within_s in (10, 20)] == [1, 2]
