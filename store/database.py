"""A database, and the transactions in which everything happens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from store import address, engine
from store.columns import UtcDateTime
from store.errors import DatabaseUnavailable
from store.failures import translate

# Read once a statement, by a query of its own: no index serves a comparison with a clock that ticks on.
CLOCK = sa.select(sa.func.clock_timestamp()).scalar_subquery()
"""PostgreSQL's clock, inside a statement."""


@dataclass
class Tx:
    """A transaction.

    Attributes:
        conn: For the store's own modules.
        locked: Ids of the jobs whose row this transaction has locked.
        ended: Ids of the jobs that this transaction has ended.
    """

    conn: Connection
    clock: Callable[[], datetime] | None = None
    locked: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    _now: datetime | None = None

    @property
    def embedded(self) -> bool:
        """Whether this is SQLite, where a writing transaction is alone and the clock is this machine's."""
        return self.conn.dialect.name == "sqlite"

    @property
    def asks_clock(self) -> bool:
        """Whether a statement can read the clock itself, without anybody's asking first."""
        return self.clock is None and not self.embedded

    def now(self) -> datetime:
        """The moment of this transaction by the database's clock, aware; the same each time."""
        if self._now is None:
            if self.clock is not None:
                self._now = self.clock()
            elif self.embedded:
                self._now = datetime.now(UTC)
            else:
                # Not now(): that is when the transaction began, before it waited for anything.
                self._now = (
                    self.conn.execute(sa.select(sa.func.clock_timestamp())).scalar_one().astimezone(UTC)
                )
        return self._now

    def moment(self, after_s: float = 0.0) -> sa.ColumnElement[datetime]:
        """``after_s`` seconds from now, for use inside a statement: on PostgreSQL it saves asking first."""
        after = timedelta(seconds=after_s)
        if not self.asks_clock or self._now is not None:
            return sa.literal(self.now() + after, UtcDateTime())
        return sa.type_coerce(CLOCK + sa.literal(after, sa.Interval()), UtcDateTime())

    def exclude(self, what: str) -> None:
        """Let no other transaction that names ``what`` run beside this one."""
        if not self.embedded:
            key = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
            self.conn.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


class Database:
    """One database, shared by the threads of a process. Connects when first used.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://…``.
        now: Clock of tests, instead of the database's.

    Raises:
        DatabaseUnavailable: The URL names no database. Everything else is found on use.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime] | None = None) -> None:
        self.address = address.parse(url)
        self.engine = engine.create(self.address)
        self._now = now
        self._file: tuple[int, int] | None = None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one state of the database throughout, and writes nothing.

        Raises:
            DatabaseUnavailable, SchemaError: On entry or inside.
        """
        with self._transaction(isolation_level=None if self.address.path else "REPEATABLE READ") as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that writes; committed at the end of the block, rolled back if that raises.

        On SQLite it is alone from its begin (IMMEDIATE); on PostgreSQL it is READ COMMITTED.

        Raises:
            DatabaseUnavailable, SchemaError: On entry, inside, or on commit.
        """
        with self._transaction(**{engine.WRITES: True}) as tx:
            yield tx

    @contextmanager
    def look(self) -> Iterator[Tx]:
        """A transaction that reads with one statement; were there more, each would see a later state.

        On PostgreSQL one statement is then one round trip instead of three. On SQLite this is ``read``.

        Raises:
            DatabaseUnavailable, SchemaError: On entry or inside.
        """
        with self._transaction(isolation_level=None if self.address.path else "AUTOCOMMIT") as tx:
            yield tx

    @contextmanager
    def single(self) -> Iterator[Tx]:
        """A transaction of one statement, which writes: committed by the statement itself.

        On PostgreSQL that is one round trip instead of three. On SQLite it is ``write``.

        Raises:
            DatabaseUnavailable, SchemaError: On entry or inside.
        """
        options = {engine.WRITES: True} if self.address.path else {"isolation_level": "AUTOCOMMIT"}
        with self._transaction(**options) as tx:
            yield tx

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseUnavailable: There is none.
        """
        with self.read() as tx:
            tx.conn.execute(sa.select(1))

    def dispose(self) -> None:
        """Close all idle connections. The database can be used again after that."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, **options: object) -> Iterator[Tx]:
        self._check_file()
        given = {name: value for name, value in options.items() if value is not None}
        try:
            with self.engine.connect().execution_options(**given) as connection, connection.begin():
                self._remember_file()
                yield Tx(connection, self._now)
        except SQLAlchemyError as error:
            found = translate(error, self.address)
            if found is None:
                raise
            raise found from error

    def _check_file(self) -> None:
        """SQLite goes on with a deleted file as if nothing were, and all it writes is lost: look first."""
        if self.address.path is None or self._file is None:
            return
        file = _identity(self.address.path)
        if file is None:
            raise DatabaseUnavailable(
                f"The file {self.address} is gone.", "Put it back, or start again with a new one."
            )
        if file != self._file:
            self.engine.dispose()
            self._file = file

    def _remember_file(self) -> None:
        if self.address.path is not None and self._file is None:
            self._file = _identity(self.address.path)


def _identity(path: os.PathLike[str]) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
