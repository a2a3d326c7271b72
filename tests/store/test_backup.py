"""The backups of docs/operations.md: taken while work is under way, and restored elsewhere."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from lrtune.wire import TrialState
from store import Database, schema_state, tables, trials, units
from tests import postgresql
from tests.store.rows import LEASE_S, Clock, claim, register, report, training_job, try_claim


def begin_work(url: str, clock: Clock) -> units.Lease:
    """A job with a trial that is final and one that a worker is at."""
    database = Database(url, now=clock)
    register(database, "digits")
    training_job(database, [2])
    lease = claim(database)
    with units.held(database, lease) as tx:
        first, second = lease.payload["numbers"]
        trials.start(tx, lease.job, [first, second])
        trials.report(tx, lease.job, [(first, report(1)), (second, report(1))])
        trials.finish(tx, lease.job, [(first, TrialState.COMPLETE, 0.5)])
    database.dispose()
    return lease


def check_restored(url: str, lease: units.Lease, clock: Clock) -> None:
    """Every row is there, and the unit that was held is claimed again once its lease has passed."""
    database = Database(url, now=clock)
    assert schema_state(database) == "current"
    assert try_claim(database, "bob") is None
    clock.advance(LEASE_S + 1)
    again = claim(database, "bob")
    assert (again.unit, again.attempt) == (lease.unit, lease.attempt + 1)
    with database.read() as tx:
        states = tx.conn.execute(sa.select(tables.trials.c.state).order_by(tables.trials.c.number)).scalars()
        assert list(states) == ["complete", "waiting"]
    database.dispose()


def test_sqlite(sqlite_url: str, tmp_path: Path, clock: Clock) -> None:
    lease = begin_work(sqlite_url, clock)
    source = Path(sqlite_url.removeprefix("sqlite:///"))
    with (
        closing(sqlite3.connect(source)) as running,
        closing(sqlite3.connect(tmp_path / "backup.db")) as copy,
    ):
        running.backup(copy)  # what the shell's .backup does
    check_restored(f"sqlite:///{tmp_path / 'backup.db'}", lease, clock)


def test_postgresql(postgresql_url: str, empty_postgresql_url: str, tmp_path: Path, clock: Clock) -> None:
    lease = begin_work(postgresql_url, clock)
    programs = postgresql.find_binaries()
    assert programs is not None
    dump = tmp_path / "lrtune.dump"
    restore = ["--clean", "--if-exists", "--exit-on-error", f"--dbname={empty_postgresql_url}", str(dump)]
    for command in (
        [programs / "pg_dump", "--format=custom", f"--file={dump}", postgresql_url],
        [programs / "pg_restore", *restore],
        [programs / "pg_restore", *restore],  # over what is there, too
    ):
        subprocess.run(command, check=True, capture_output=True)
    check_restored(empty_postgresql_url, lease, clock)
