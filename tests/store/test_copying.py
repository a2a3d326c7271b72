"""Copies from one database to the other: whole, of one moment, into an empty one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from lrtune.wire import Curve, Isolation, TrialState
from store import Database, answers, curves, events, jobs, schema_state, tables, tasks, trials, units, workers
from store.copying import CopyRefused, copy_to
from store.errors import SchemaError
from tests.store.rows import LEASE_S, Clock, answer, claim, register, report, submit, training_job


@pytest.fixture
def source(sqlite_url: str, clock: Clock) -> Iterator[Database]:
    """A SQLite with one job that was left in the midst of its training, and one that succeeded."""
    database = Database(sqlite_url, now=clock)
    register(database, "digits", bytes(range(256)))
    [numbers] = training_job(database, [2])
    lease = claim(database)
    with units.held(database, lease) as tx:
        curves.add(tx, "job1", sweep=0, curves=[Curve(seed=1, lr=[1 / 3], loss=[None])])
        trials.start(tx, "job1", numbers)
        trials.report(tx, "job1", [(n, report(1, 1 / 3)) for n in numbers])
        trials.finish(tx, "job1", [(numbers[0], TrialState.COMPLETE, 1 / 3)])
        workers.seen(
            tx,
            id="ada",
            host="h",
            pid=1,
            device="cpu",
            version="0",
            started_at=clock.at,
            lease_s=LEASE_S,
            isolation=Isolation.USER,
        )
    submit(database, "done")
    with database.write() as tx:
        answers.put(tx, "done", answer(1 / 3))
        jobs.succeed(tx, "done")
    clock.advance(LEASE_S + 1)
    yield database
    database.dispose()


def rows(database: Database) -> dict[str, list[sa.Row[tuple[object, ...]]]]:
    with database.read() as tx:
        return {
            name: list(tx.conn.execute(sa.select(table).order_by(*table.primary_key)).all())
            for name, table in tables.metadata.tables.items()
            if name != "workers"
        }


def test_everything_arrives_and_goes_on(source: Database, empty_postgresql_url: str, clock: Clock) -> None:
    counts = copy_to(source, empty_postgresql_url)
    target = Database(empty_postgresql_url, now=clock)
    assert schema_state(target) == "current"
    assert rows(target) == rows(source)
    assert counts == {name: len(found) for name, found in rows(source).items()}
    with target.read() as tx:
        assert workers.page(tx).items == []
        assert tasks.files(tx, "digits", 1) == {"task.py": bytes(range(256))}
        before = events.after(tx, "job1", 0, 99)[-1].id
    lease = claim(target, "bob")
    assert (lease.job, lease.attempt) == ("job1", 2)
    with units.held(target, lease) as tx:
        assert events.add(tx, "job1", "log", {}) > before
    submit(target, "new")
    with target.read() as tx:
        assert [job.id for job in jobs.page(tx, task=None, state=None, cursor=None, limit=9).items] == [
            "new",
            "done",
            "job1",
        ]
    target.dispose()


def test_and_back_again(
    source: Database, postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy_to(source, postgresql_url)
    middle = Database(postgresql_url)
    url = f"sqlite:///{tmp_path_factory.mktemp('copy')}/back.db"
    copy_to(middle, url)
    middle.dispose()
    back = Database(url)
    assert rows(back) == rows(source)
    back.dispose()


def copy(source_url: str, target_url: str) -> None:
    copy_to(Database(source_url), target_url)


def test_a_copy_that_is_killed_midway_leaves_nothing_and_can_be_begun_again(
    source: Database, sqlite_url: str, postgresql_url: str
) -> None:
    copying = multiprocessing.get_context("spawn").Process(target=copy, args=(sqlite_url, postgresql_url))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'units'::regclass"
    with (
        psycopg.connect(postgresql_url, autocommit=True) as look,
        psycopg.connect(postgresql_url) as blocking,
    ):
        # The copy gets as far as this table, with tasks and jobs before it.
        blocking.execute("LOCK TABLE units IN EXCLUSIVE MODE")
        copying.start()
        while look.execute(waiting).fetchone() == (0,):
            assert copying.is_alive()
        copying.kill()
        copying.join()
    target = Database(postgresql_url)
    assert not any(rows(target).values())
    copy_to(source, postgresql_url)
    assert rows(target) == rows(source)
    target.dispose()


def test_a_target_with_rows_is_left_alone(source: Database, postgresql_url: str) -> None:
    target = Database(postgresql_url)
    register(target, "other")
    before = rows(target)
    with pytest.raises(CopyRefused, match="tasks"):
        copy_to(source, postgresql_url)
    assert rows(target) == before
    target.dispose()


def test_a_source_at_work_is_not_copied(source: Database, sqlite_url: str, postgresql_url: str) -> None:
    units.claim(source, "bob", lease_s=LEASE_S)
    with pytest.raises(CopyRefused, match="bob"):
        copy_to(source, postgresql_url)
    target = Database(postgresql_url)
    assert not any(rows(target).values())
    target.dispose()


def test_a_source_without_tables(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> None:
    folder = tmp_path_factory.mktemp("empty")
    with pytest.raises(SchemaError):
        copy_to(Database(f"sqlite:///{folder}/empty.db"), postgresql_url)
