"""Migrated databases for tests, a new one for each: fixtures to import into a conftest.

``sqlite_url`` and ``postgresql_url`` are one kind each; ``database_url`` runs a test on both. The schema is
made once by the migrations and copied: SQLite by file, PostgreSQL by template database.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from store import Database, migrate
from tests import postgresql

__all__ = [
    "database",
    "database_url",
    "empty_postgresql_url",
    "migrated_sqlite",
    "postgresql_server",
    "postgresql_template",
    "postgresql_url",
    "sqlite_url",
]

_numbers = count()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated-sqlite") / "lrtune.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "store.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of the server's maintenance database."""
    with postgresql.serving(os.environ) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """Name of a database that the migrations have been run on."""
    with _created(postgresql_server, "template1") as name:
        migrate(_at(postgresql_server, name))
        yield name


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    with _created(postgresql_server, postgresql_template) as name:
        yield _at(postgresql_server, name)


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A database without any table."""
    with _created(postgresql_server, "template1") as name:
        yield _at(postgresql_server, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@contextmanager
def _created(server: str, template: str) -> Iterator[str]:
    """Name of a new database, dropped at the end whoever is connected."""
    name = f"lrtune_test_{os.getpid()}_{next(_numbers)}"
    _run(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield name
    finally:
        _run(server, "DROP DATABASE {} WITH (FORCE)", name)


def _run(server: str, text: LiteralString, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def _at(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
