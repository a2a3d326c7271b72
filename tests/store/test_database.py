"""Transactions, the database's clock, and every way in which a database cannot be used."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from lrtune.wire import JobRequest
from store import Database, jobs, tables, units
from store.errors import DatabaseUnavailable, LeaseLost
from tests.store.rows import Clock, claim, register, submit


def test_the_clock_is_the_databases_and_stands_still_in_a_transaction(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as tx:
        first, second = tx.now(), tx.now()
    with database.read() as tx:
        later = tx.now()
    database.dispose()
    assert first == second < later
    assert first.tzinfo is UTC


def test_a_lease_runs_out_by_the_databases_clock(database_url: str, database: Database) -> None:
    submit(database)
    real = Database(database_url)
    # Long past by the real clock, which alone counts here.
    stale = units.claim(database, "ada", lease_s=1)
    assert stale is not None
    fresh = units.claim(real, "bob", lease_s=3600)
    assert fresh is not None
    assert fresh.expires_at > stale.expires_at
    with pytest.raises(LeaseLost), units.held(real, stale):
        pass
    real.dispose()


def test_a_naive_moment_is_refused(database_url: str) -> None:
    database = Database(database_url, now=lambda: datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        register(database, "digits")
    database.dispose()


def test_a_reader_sees_one_state(database: Database) -> None:
    submit(database, "a")
    with database.read() as tx:
        before = jobs.get(tx, "a")
        with database.write() as other:
            jobs.cancel(other, "a")
        assert jobs.get(tx, "a") == before


def test_an_error_of_ours_is_no_outage(database: Database) -> None:
    submit(database, "a")
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        jobs.submit(tx, JobRequest(task="digits"), job_id="a")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write everything; be somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestSqlite:
    @pytest.fixture
    def reader(self) -> Iterator[Path]:
        """A folder that all may read and none may write."""
        folder = Path(tempfile.mkdtemp())
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        shutil.rmtree(folder)

    @pytest.fixture
    def path(self, sqlite_url: str) -> Path:
        return Path(sqlite_url.removeprefix("sqlite:///"))

    def test_a_deleted_file(self, path: Path) -> None:
        database = Database(f"sqlite:///{path}")
        database.ping()
        for file in path.parent.glob("store.db*"):
            file.unlink()
        for call in (database.read, database.write):
            with pytest.raises(DatabaseUnavailable, match="gone"), call():
                pass
        with pytest.raises(DatabaseUnavailable, match="gone"):
            database.ping()
        assert list(path.parent.glob("store.db*")) == []
        database.dispose()

    def test_a_file_put_back_is_used(self, path: Path, migrated_sqlite: Path, clock: Clock) -> None:
        database = Database(f"sqlite:///{path}", now=clock)
        with database.write() as tx:
            tx.conn.execute(sa.delete(tables.workers))
        for file in path.parent.glob("store.db*"):
            file.unlink()
        shutil.copy(migrated_sqlite, path)
        with database.read() as tx:
            assert jobs.page(tx, task=None, state=None, cursor=None, limit=5).items == []
        database.dispose()

    def test_a_file_that_is_no_database(self, path: Path) -> None:
        path.write_bytes(b"not a database, but long enough to be read as one" * 100)
        self.unusable(path, "not a database")

    def test_a_folder(self, tmp_path: Path) -> None:
        self.unusable(tmp_path, "unable to open")

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        self.unusable(tmp_path / "no" / "store.db", "unable to open")

    def test_a_read_only_file(self, path: Path, reader: Path) -> None:
        """Its folder is read-only too, so that no log can be written beside it."""
        reader.chmod(0o755)
        shutil.copy(path, reader / "store.db")
        (reader / "store.db").chmod(0o444)
        reader.chmod(0o555)
        database = Database(f"sqlite:///{reader}/store.db")
        with (
            unprivileged(),
            pytest.raises(DatabaseUnavailable, match="writ") as caught,
            database.write() as tx,
        ):
            tx.conn.execute(sa.delete(tables.workers))
        assert str(reader) in str(caught.value)
        database.dispose()

    def unusable(self, path: Path, why: str) -> None:
        database = Database(f"sqlite:///{path}")
        with pytest.raises(DatabaseUnavailable, match=why) as caught:
            database.ping()
        assert str(path) in str(caught.value)
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
        database.dispose()


class TestPostgresql:
    def test_nobody_listens(self) -> None:
        database = Database("postgresql://ada:secret@127.0.0.1:1/lrtune")
        with pytest.raises(DatabaseUnavailable) as caught:
            database.ping()
        assert caught.value.remedy
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_no_such_database(self, postgresql_server: str) -> None:
        url = sa.make_url(postgresql_server).set(database="no_such_database")
        with pytest.raises(DatabaseUnavailable, match="no_such_database"):
            Database(url.render_as_string(hide_password=False)).ping()

    def test_connections_that_were_cut_are_made_again(self, postgresql_url: str) -> None:
        database = Database(postgresql_url)
        database.ping()
        with psycopg.connect(postgresql_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        database.ping()
        database.dispose()

    def test_cut_in_the_middle_of_a_transaction(self, postgresql_url: str) -> None:
        database = Database(postgresql_url)

        def work() -> None:
            with database.write() as tx, psycopg.connect(postgresql_url, autocommit=True) as other:
                pid = tx.conn.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
                other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
                tx.conn.execute(sa.select(1))

        with pytest.raises(DatabaseUnavailable):
            work()
        database.ping()
        database.dispose()

    def test_a_standby_takes_no_writes(self, postgresql_url: str) -> None:
        database = Database(postgresql_url)
        with psycopg.connect(postgresql_url, autocommit=True) as other:
            name = sql.Identifier(other.info.dbname)
            other.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        with pytest.raises(DatabaseUnavailable, match="primary"), database.write() as tx:
            tx.conn.execute(sa.delete(tables.workers))
        database.dispose()


def test_cancelling_and_claiming_at_once_never_wait_for_each_other(database: Database) -> None:
    """A cancel that has locked the job while its first unit is claimed: both pass, the lease is lost."""
    submit(database, "a")
    if database.address.path is not None:
        return  # SQLite's writers are alone
    with database.write() as cancelling:
        cancelling.conn.execute(sa.select(tables.jobs.c.id).where(tables.jobs.c.id == "a").with_for_update())
        lease = claim(database)
        jobs.cancel(cancelling, "a")
    with database.write() as tx:
        assert units.renew(tx, lease, lease_s=30).cancelled
