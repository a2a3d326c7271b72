"""The database's schema: bringing it up to date, and telling how it stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from store.database import Database
from store.errors import DatabaseUnavailable, SchemaError
from store.tables import metadata
from store.wal import switch_to_wal

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

alembic_version = sa.table("alembic_version", sa.column("version_num", sa.String))
"""Alembic's table of the one revision that the schema is at."""

SchemaState = Literal["current", "behind", "ahead", "empty"]


def migrate(url: str) -> None:
    """Bring the schema up to date; an embedded database's file is created if need be.

    All in one transaction under a lock, so it is safe to run again, and by several processes at once.

    Raises:
        DatabaseUnavailable: The database cannot be reached or written.
        SchemaError: It belongs to a newer version, or holds somebody else's tables.
    """
    database = Database(url)
    try:
        _check_folder(database)
        with database.write() as tx:
            tx.exclude("lrtune migrate")
            state = _state(tx.conn)
            if state == "ahead":
                raise SchemaError(
                    f"{database.address} belongs to a newer version of lrtune.", "Upgrade lrtune here."
                )
            if state == "empty":
                _check_strangers(database, tx.conn)
            if state != "current":
                config = _config()
                config.attributes["connection"] = tx.conn
                command.upgrade(config, "head")
        if database.address.path is not None:
            switch_to_wal(database.address.path)
    finally:
        database.dispose()


def schema_state(database: Database) -> SchemaState:
    """How the schema stands to this version: ``current``, ``behind``, ``ahead`` of it, or ``empty``.

    Raises:
        DatabaseUnavailable: The database cannot be reached.
    """
    with database.read() as tx:
        return _state(tx.conn)


def _state(connection: Connection) -> SchemaState:
    if not sa.inspect(connection).has_table("alembic_version"):
        return "empty"
    revision = connection.execute(sa.select(alembic_version)).scalar_one_or_none()
    if revision is None:
        return "empty"
    if revision == newest_revision():
        return "current"
    return "behind" if revision in _revisions() else "ahead"


def newest_revision() -> str:
    """The schema's revision that this version works with."""
    return _revisions()[0]


@cache
def _revisions() -> tuple[str, ...]:
    """Every revision of this version, newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _check_folder(database: Database) -> None:
    path = database.address.path
    if path is not None and not path.parent.is_dir():
        raise DatabaseUnavailable(
            f"The folder {path.parent} of the database does not exist.", "Create it, or name another file."
        )


def _check_strangers(database: Database, connection: Connection) -> None:
    """Refuse a database that already holds tables of somebody else under our names."""
    strangers = sorted(metadata.tables.keys() & set(sa.inspect(connection).get_table_names()))
    if strangers:
        raise SchemaError(
            f"{database.address} already holds tables that are not lrtune's: {', '.join(strangers)}.",
            "Give lrtune a database of its own.",
        )
