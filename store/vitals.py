"""What a database says of itself, as far as the store's promises rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.database import Tx


@dataclass(frozen=True)
class Weakness:
    """A setting of the database under which the store's promises don't hold, and the remedy."""

    detail: str
    remedy: str


@dataclass(frozen=True)
class Vitals:
    """One database.

    Attributes:
        server: Its kind and version.
        at: Its clock.
        isolation: What its transactions promise, in a sentence.
        weak: What breaks a promise, None if nothing does.
    """

    server: str
    at: datetime
    isolation: str
    weak: Weakness | None


def read(tx: Tx) -> Vitals:
    """Ask the database."""
    return _sqlite(tx) if tx.embedded else _postgresql(tx)


def _sqlite(tx: Tx) -> Vitals:
    mode = str(tx.conn.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    number = tx.conn.execute(sa.select(sa.func.sqlite_version())).scalar_one()
    weak = None
    if mode != "wal":
        weak = Weakness(
            f"The file's journal mode is {mode}, so that readers and the writer wait for each other.",
            "Stop the server, and run `lrtune migrate`.",
        )
    return Vitals(f"SQLite {number}", tx.now(), "Writers are alone (write-ahead log).", weak)


def _postgresql(tx: Tx) -> Vitals:
    names = ("server_version", "default_transaction_isolation", "fsync", "transaction_read_only")
    shown = {
        name: str(tx.conn.execute(sa.select(sa.func.current_setting(name))).scalar_one()) for name in names
    }
    replica = tx.conn.execute(sa.select(sa.func.pg_is_in_recovery())).scalar_one()
    level = shown["default_transaction_isolation"]
    weak = None
    if replica:
        weak = Weakness("This is a standby, which takes no writes.", "Name the primary server in the URL.")
    elif level != "read committed":
        weak = Weakness(
            f"Transactions are {level} by default; the store's are made for read committed, and would fail "
            "where they should wait.",
            "ALTER ROLE … SET default_transaction_isolation = 'read committed'.",
        )
    elif shown["fsync"] != "on":
        weak = Weakness("fsync is off: a power cut may damage the database.", "Set fsync = on.")
    return Vitals(
        f"PostgreSQL {shown['server_version']}",
        tx.now(),
        f"Transactions are {level}, commits are kept.",
        weak,
    )
