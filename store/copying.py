"""A database's whole history into another one: from an embedded SQLite to a team's PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

from store import tables
from store.database import Database, Tx
from store.errors import SchemaError, StoreError
from store.schema import migrate, schema_state

_BATCH = 1000


class CopyRefused(StoreError):  # noqa: N818 - reads as what happened
    """The databases are not fit to be copied from or to; nothing was written."""


def copy_to(source: Database, target_url: str) -> dict[str, int]:
    """Copy everything but the list of workers into an empty database, whose tables are made if need be.

    One transaction on either side: the copy is of one moment, and it is there whole or not at all. Ids stay
    as they are and go on rising.

    Args:
        source: Its schema must be current, and no worker may hold a unit.
        target_url: Another database, without any row in our tables.

    Returns:
        Rows copied by table, counted again in the target.

    Raises:
        CopyRefused: A worker is at work on the source, or the target has rows.
        SchemaError, DatabaseUnavailable: One of the two cannot be used.
    """
    if schema_state(source) != "current":
        raise SchemaError(f"The schema of {source.address} is not this version's.", "Run `lrtune migrate`.")
    migrate(target_url)
    target = Database(target_url)
    try:
        with source.read() as old, target.write() as new:
            new.exclude("lrtune migrate")
            _check_idle(source, old)
            _check_empty(target, new)
            return {table.name: _copy(old, new, table) for table in _copied()}
    finally:
        target.dispose()


def _copied() -> list[sa.Table]:
    """Tables in an order in which every row finds those that it refers to."""
    return [table for table in tables.metadata.sorted_tables if table is not tables.workers]


def _check_idle(source: Database, tx: Tx) -> None:
    units = tables.units.c
    held = tx.conn.execute(
        sa.select(units.worker).where(units.state == "leased", units.expires_at >= tx.now()).limit(1)
    ).scalar_one_or_none()
    if held is not None:
        raise CopyRefused(
            f"Worker {held} is at work on {source.address}, and would go on writing there.",
            "Stop the server and its workers, then copy.",
        )


def _check_empty(target: Database, tx: Tx) -> None:
    for table in _copied():
        if tx.conn.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise CopyRefused(
                f"{target.address} already has {table.name}; a copy would mix two histories.",
                "Name an empty database.",
            )


def _copy(old: Tx, new: Tx, table: sa.Table) -> int:
    rows = _rows(old, table)
    while batch := list(islice(rows, _BATCH)):
        new.conn.execute(sa.insert(table), batch)
    _go_on_counting(new, table)
    read, written = (
        tx.conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for tx in (old, new)
    )
    if read != written:
        raise StoreError(f"Of {read} {table.name}, {written} arrived: nothing was copied.")
    return int(written)


def _rows(tx: Tx, table: sa.Table) -> Iterator[dict[str, Any]]:
    result = tx.conn.execution_options(yield_per=_BATCH).execute(sa.select(table))
    for row in result:
        yield dict(row._mapping)


def _go_on_counting(tx: Tx, table: sa.Table) -> None:
    """Let PostgreSQL's counter of ids go on after the copied ones; SQLite's does by itself."""
    column = table.autoincrement_column
    if tx.embedded or column is None:
        return
    last = tx.conn.execute(sa.select(sa.func.max(column))).scalar_one()
    if last is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        tx.conn.execute(sa.select(sa.func.setval(sequence, last)))
