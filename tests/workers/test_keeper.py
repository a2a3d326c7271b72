"""Keeping a lease: renewed in time, given up when it must be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lrtune.wire import JobRequest
from store import Database, Tx, jobs, migrate, tasks, units
from store.errors import DatabaseUnavailable, LeaseLost
from workers.keeper import Cancelled, Drained, Keeper

LEASE_S = 30.0


class Scene:
    """A database with one claimed job, and a clock that all share."""

    def __init__(self, path: Path, lease_s: float = LEASE_S) -> None:
        self.at = 0.0
        self.seen = 0
        self.stopping = threading.Event()
        url = f"sqlite:///{path / 'lrtune.db'}"
        migrate(url)
        self.database = Database(
            url, now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at)
        )
        with self.database.write() as tx:
            tasks.register(tx, name="t", entry="t:t", description="", params_schema={}, files={"t.py": b""})
            jobs.submit(tx, JobRequest(task="t"), job_id="job1")
        lease = units.claim(self.database, "worker", lease_s=lease_s)
        assert lease is not None
        self.lease = lease
        self.keeper = Keeper(
            self.database,
            lease,
            lease_s=lease_s,
            stopping=self.stopping,
            seen=self._see,
            clock=lambda: self.at,
        )

    def _see(self, tx: Tx) -> None:
        self.seen += 1

    def tick(self, at: float) -> None:
        self.at = at
        self.keeper.tick()

    def taken(self) -> bool:
        """Whether another worker gets the unit."""
        return units.claim(self.database, "other", lease_s=LEASE_S) is not None

    @contextmanager
    def away(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The database cannot be reached; each look at it takes ten seconds."""

        def refuse() -> None:
            self.at += 10
            raise DatabaseUnavailable("It is away.")

        with monkeypatch.context() as patch:
            patch.setattr(self.database, "write", refuse)
            patch.setattr(self.stopping, "wait", lambda seconds: False)
            yield


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.database.dispose()


@pytest.mark.parametrize(("lease_s", "due_s"), [(12.0, 4.0), (30.0, 5.0), (3600.0, 5.0)])
def test_it_renews_after_a_third_or_five_seconds_and_not_before(
    tmp_path: Path, lease_s: float, due_s: float
) -> None:
    scene = Scene(tmp_path, lease_s)
    scene.tick(due_s - 1)
    assert scene.seen == 0
    assert scene.keeper.left_s == lease_s - due_s + 1
    scene.tick(due_s)
    assert scene.seen == 1
    assert scene.keeper.left_s == lease_s
    scene.tick(due_s + lease_s - 1)
    assert not scene.taken()
    scene.database.dispose()


def test_without_renewal_the_unit_goes_to_another_and_the_rest_is_refused(scene: Scene) -> None:
    scene.at = 31
    assert scene.taken()
    with pytest.raises(LeaseLost):
        scene.keeper.tick()
    with pytest.raises(LeaseLost):
        scene.keeper.write(lambda tx: None)


def test_a_cancelled_job_is_told(scene: Scene) -> None:
    with scene.database.write() as tx:
        jobs.cancel(tx, "job1")
    with pytest.raises(Cancelled):
        scene.tick(10)


def test_stopping_is_told_at_once(scene: Scene) -> None:
    scene.stopping.set()
    with pytest.raises(Drained):
        scene.tick(0)


def test_a_database_that_comes_back_in_time_costs_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.away(monkeypatch):
        scene.tick(10)
    scene.tick(25)
    assert scene.seen == 1
    assert not scene.taken()


def test_a_database_that_stays_away_ends_the_work(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene.away(monkeypatch), pytest.raises(LeaseLost, match="longer than the lease"):
        scene.keeper.write(lambda tx: None)
    assert scene.at >= LEASE_S


def test_the_lease_is_kept_while_something_is_decided(scene: Scene) -> None:
    renewed = threading.Event()

    def see(tx: Tx) -> None:
        renewed.set()

    scene.keeper._seen = see
    scene.at = LEASE_S / 2
    assert scene.keeper.during(lambda: renewed.wait(60)) is True
    with pytest.raises(ZeroDivisionError):
        scene.keeper.during(lambda: 1 // 0)


def test_deciding_stops_for_a_worker_that_is_told_to_stop(scene: Scene) -> None:
    scene.stopping.set()
    with pytest.raises(Drained):
        scene.keeper.during(lambda: threading.Event().wait(1))
