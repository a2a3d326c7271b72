"""What a database itself writes down of every change of a unit or trial, and what must hold in it.

Triggers write the ledger in the transaction of the change, so it shows what was committed and in which order,
whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from store import Database

FINAL = ("complete", "pruned", "diverged")

_TABLES = (
    "CREATE TABLE chaos_units (seq {serial}, unit bigint, was text, state text, attempt int, owner text)",
    "CREATE TABLE chaos_trials (seq {serial}, job text, number int, was text, state text)",
)
_UNIT = (
    "INSERT INTO chaos_units (unit, was, state, attempt, owner) "
    "VALUES (NEW.id, OLD.state, NEW.state, NEW.attempt, NEW.worker);"
)
_TRIAL = (
    "INSERT INTO chaos_trials (job, number, was, state) VALUES (NEW.job, NEW.number, OLD.state, NEW.state);"
)
_WRITES = {"units": _UNIT, "trials": _TRIAL}


def install(database: Database) -> None:
    """Add the ledger's tables and triggers to a migrated database."""
    with database.write() as tx:
        serial = "INTEGER PRIMARY KEY" if tx.embedded else "bigserial PRIMARY KEY"
        for table in _TABLES:
            tx.conn.exec_driver_sql(table.format(serial=serial))
        for table, write in _WRITES.items():
            head = f"TRIGGER chaos_{table} AFTER UPDATE ON {table} FOR EACH ROW"
            if tx.embedded:
                tx.conn.exec_driver_sql(f"CREATE {head} BEGIN {write} END")
                continue
            function = f"chaos_{table}_changed()"
            body = f"BEGIN {write} RETURN NULL; END"
            tx.conn.exec_driver_sql(
                f"CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
            )
            tx.conn.exec_driver_sql(f"CREATE {head} EXECUTE FUNCTION {function}")


def faults(database: Database) -> list[str]:
    """What in the ledger breaks a promise, in sentences; none if all held."""
    with database.read() as tx:
        units = tx.conn.execute(sa.text("SELECT * FROM chaos_units ORDER BY unit, seq")).all()
        trials = tx.conn.execute(sa.text("SELECT * FROM chaos_trials ORDER BY job, number, seq")).all()
    return [*owners(units), *endings(trials)]


def claims(database: Database) -> int:
    """How many leases were given."""
    query = "SELECT count(*) FROM chaos_units WHERE was = 'open' AND state = 'leased'"
    with database.read() as tx:
        return int(tx.conn.execute(sa.text(query)).scalar_one())


def owners(rows: Sequence[Any]) -> Iterator[str]:
    """Each unit has one owner at a time, its attempt rises by one with each, and it is closed once."""
    before: dict[int, tuple[str, int, str | None]] = {}
    for row in rows:
        state, attempt, owner = before.get(row.unit, ("open", 0, None))
        told = (
            f"unit {row.unit}: {state}, attempt {attempt}, {owner} -> {row.state}, {row.attempt}, {row.owner}"
        )
        if row.was != state or state == "closed":
            yield f"{told}: it changed after its end, or beside the ledger"
        elif row.state == "leased" and state == "open":
            if row.attempt != attempt + 1:
                yield f"{told}: a claim that does not count up by one"
        elif row.attempt != attempt:
            yield f"{told}: another attempt without a claim"
        elif row.state == "leased" and row.owner != owner:
            yield f"{told}: two owners of one attempt"
        before[row.unit] = (row.state, row.attempt, row.owner)


def endings(rows: Sequence[Any]) -> Iterator[str]:
    """Each trial ends once, and is what it was from then on."""
    for row in rows:
        if row.was in FINAL:
            yield f"trial {row.number} of job {row.job} was {row.was} and became {row.state}"
