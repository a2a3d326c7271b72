"""A database's address: which databases there are, and how their URLs are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import DatabaseUnavailable

REMEDY = "Give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes:
        url: What SQLAlchemy connects to.
        path: The file of an embedded database, absolute; None for PostgreSQL.
    """

    url: URL
    path: Path | None

    def __str__(self) -> str:
        """For people; never with the password."""
        return str(self.path) if self.path else self.url.set(drivername="postgresql").render_as_string()


def parse(url: str) -> Address:
    """Read a database URL; a relative SQLite file is taken from the working directory of now.

    Raises:
        DatabaseUnavailable: It is no URL of a database that the store knows. The message does not repeat
            the URL, because it may hold a password.
    """
    try:
        found = make_url(url)
        backend, _, driver = found.drivername.partition("+")
    except (ArgumentError, ValueError):
        raise DatabaseUnavailable("That is no database URL.", REMEDY) from None
    if backend == "sqlite" and driver in ("", "pysqlite"):
        return _sqlite(found)
    if backend in ("postgresql", "postgres") and driver in ("", "psycopg"):
        return Address(found.set(drivername="postgresql+psycopg"), None)
    raise DatabaseUnavailable(f"The store knows no {found.drivername!r} databases.", REMEDY)


def _sqlite(url: URL) -> Address:
    name = url.database or ""
    if url.host or not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseUnavailable(
            "A SQLite URL must name a file: its connections, threads and workers share it.",
            "Give sqlite:///relative.db or sqlite:////absolute.db.",
        )
    path = Path(name).absolute()
    return Address(URL.create("sqlite", database=str(path)), path)
