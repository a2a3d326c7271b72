"""Migrations: the tables they make, how the schema stands, twice at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lrtune.nearness import Situation
from lrtune.wire import JobRequest
from store import Database, answers, jobs, migrate, schema, schema_state, situations, tables, tasks, units
from store.errors import DatabaseUnavailable, SchemaError
from tests.store.rows import answer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.dispose()


def test_from_empty_to_current_and_again(empty: Database, empty_url: str) -> None:
    assert schema_state(empty) == "empty"
    for _ in range(2):
        migrate(empty_url)
        assert schema_state(empty) == "current"


def test_migrations_make_the_tables(empty: Database, empty_url: str) -> None:
    migrate(empty_url)
    with empty.read() as tx:
        context = MigrationContext.configure(tx.conn, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        inspector = sa.inspect(tx.conn)
        for name, table in tables.metadata.tables.items():
            checks = {
                str(c.name)
                for c in table.constraints
                if isinstance(c, sa.CheckConstraint) and c.name is not None
            }
            assert {check["name"] for check in inspector.get_check_constraints(name)} == checks


def test_many_at_once(empty: Database, empty_url: str) -> None:
    script = "import sys; from store import migrate; migrate(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        _, said = process.communicate(timeout=100)
        assert (process.returncode, said) == (0, "")
    assert schema_state(empty) == "current"


def test_a_newer_schema_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as tx:
        tx.conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema_state(database) == "ahead"
    with pytest.raises(SchemaError, match="Upgrade"):
        migrate(database_url)
    assert schema_state(database) == "ahead"
    database.dispose()


def test_a_database_of_somebody_else_is_left_alone(empty: Database, empty_url: str) -> None:
    with empty.write() as tx:
        tx.conn.execute(sa.text("CREATE TABLE trials (trial_id INTEGER)"))
    with pytest.raises(SchemaError, match="trials"):
        migrate(empty_url)
    with empty.read() as tx:
        assert sa.inspect(tx.conn).get_table_names() == ["trials"]


def test_use_before_migration_says_what_to_do(empty: Database) -> None:
    for transaction in (empty.read, empty.write):
        with pytest.raises(SchemaError, match="lrtune migrate"), transaction() as tx:
            tx.conn.execute(sa.select(tables.jobs))


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="folder"):
        migrate(f"sqlite:///{tmp_path}/no/new.db")


def test_sqlite_keeps_a_write_ahead_log(sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_sqlite_connections_are_set_up(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as tx:
        pragmas = [
            tx.conn.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "synchronous", "busy_timeout")
        ]
    database.dispose()
    assert pragmas == [1, 1, 20_000]


def test_answers_of_an_older_version_are_kept_and_found(empty: Database, empty_url: str) -> None:
    at = "'2026-01-01 12:00:00.000000'"
    columns = "id, task, task_version, task_digest, state, goal, request, trials, created_at, finished_at"
    rows = {
        f"INSERT INTO tasks VALUES ('digits', 1, 'd', 'e', '', :text, {at})": (
            '{"properties": {"width": {"default": 7}}}'
        ),
        f"INSERT INTO jobs ({columns}) VALUES ('job1', 'digits', 1, 'd', 'succeeded', 'maximize', :text, 0, "
        f"{at}, {at})": JobRequest(task="digits").model_dump_json(),
        "INSERT INTO answers VALUES ('job1', 'digits', 'adamw', 'accuracy', 'maximize', 0.9, :text, "
        f"{at})": answer(0.9, metric="accuracy", goal="maximize").model_dump_json(),
    }
    with empty.write() as tx:
        config = schema._config()
        config.attributes["connection"] = tx.conn
        command.upgrade(config, "0001")
        for statement, text in rows.items():
            tx.conn.execute(sa.text(statement), {"text": text})
    migrate(empty_url)
    with empty.read() as tx:
        asked = Situation(params={"width": 14})
        [found] = answers.best(tx, task="digits", asked=asked, cursor=None, limit=5).items
    assert (found.job, found.distance) == ("job1", 1.0)
    with empty.write() as tx:
        [(known, _)] = situations.of_task(tx, "digits", None)
        assert situations.of(tx, "digits", found.answer.provenance) == known


def test_an_upgrade_keeps_what_was_there_before_accounts(empty: Database, empty_url: str) -> None:
    with empty.write() as tx:
        config = schema._config()
        config.attributes["connection"] = tx.conn
        command.upgrade(config, "0001")
        at = "2026-01-01 12:00:00.000000+00:00" if not tx.embedded else "2026-01-01 12:00:00.000000"
        for statement in (
            f"INSERT INTO tasks VALUES ('digits', 1, 'd', 'e', '', '{{}}', '{at}')",
            "INSERT INTO jobs (id, task, task_version, task_digest, state, goal, request, trials, created_at)"
            f""" VALUES ('j', 'digits', 1, 'd', 'queued', 'minimize', '{{"task": "digits"}}', 0, '{at}')""",
            "INSERT INTO units (job, kind, payload, state, turn, attempt, lapses, created_at) "
            f"""VALUES ('j', 'plan', '{{"stage": "start"}}', 'open', 7, 0, 0, '{at}')""",
        ):
            tx.conn.exec_driver_sql(statement)
    migrate(empty_url)
    with empty.read() as tx:
        job = jobs.get(tx, "j")
        assert (job.author, job.request.priority, tasks.get(tx, "digits").author) == (None, 0, None)
    lease = units.claim(empty, "ada", lease_s=30)
    assert lease is not None
    assert (lease.job, lease.payload) == ("j", {"stage": "start"})


@pytest.mark.parametrize("revision", ["0004", "0005"])
def test_an_upgrade_keeps_workers_and_tasks_from_before_isolation_and_bundles(
    empty: Database, empty_url: str, revision: str
) -> None:
    at = "2026-01-01 12:00:00.000000"
    with empty.write() as tx:
        config = schema._config()
        config.attributes["connection"] = tx.conn
        command.upgrade(config, revision)
        for statement, values in (
            ("tasks (name, version, digest, entry, description, params_schema, created_at)",
             ("digits", 1, "d", "e", "", "{}", at)),
            ("task_files (task, version, path, content)", ("digits", 1, "a.py", b"12345")),
            ("task_files (task, version, path, content)", ("digits", 1, "b/c.bin", b"\0\xff")),
            ("workers (id, host, pid, device, version, started_at, seen_at, lease_s)",
             ("w", "node1", 7, "cpu", "0.1.0", at, at, 20.0)),
        ):  # fmt: skip
            marks = ", ".join(f":v{n}" for n in range(len(values)))
            tx.conn.execute(
                sa.text(f"INSERT INTO {statement} VALUES ({marks})"),
                {f"v{n}": value for n, value in enumerate(values)},
            )
    migrate(empty_url)
    with empty.read() as tx:
        task = tasks.get(tx, "digits@1")
        assert tasks.files(tx, "digits", 1) == {"a.py": b"12345", "b/c.bin": b"\0\xff"}
        assert (task.requirements, task.data, task.size, task.author) == ("", {}, 7, None)
        [worker] = tx.conn.execute(sa.select(tables.workers)).all()
    assert (worker.id, worker.host, worker.isolation) == ("w", "node1", None)
