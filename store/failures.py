"""Drivers' errors as the store's: which of them mean that the database cannot be used, and what to do."""

from __future__ import annotations

from sqlalchemy import exc

from store.address import Address
from store.errors import DatabaseUnavailable, SchemaError, StoreError

SCHEMA_REMEDY = "Run `lrtune migrate`."

# Parts of SQLite's messages, which carry no stable code through the driver on Python 3.11's floor.
_SQLITE_REMEDIES = (
    ("readonly database", "Make the file and its folder writable for this user."),
    ("unable to open", "Check that its folder exists and that this user may write there."),
    ("locked", "Another process has been writing for long: try again."),
    ("disk is full", "Free space on its disk."),
    ("disk i/o error", "Check its disk and that the file has not been moved or deleted."),
    ("not a database", "Choose another file, or restore this one from a backup."),
    ("malformed", "Restore it from a backup."),
)
_POSTGRESQL_REMEDY = (
    "Check that the server runs and that the URL names its host, user, password and database."
)
_POSTGRESQL_BUSY = "Try again."

_UNDEFINED_TABLE, _UNDEFINED_COLUMN = "42P01", "42703"
_READ_ONLY = "25006"
_BUSY = {"40001", "40P01", "55P03", "57014"}


def translate(error: exc.SQLAlchemyError, address: Address) -> StoreError | None:
    """The store's error for a driver's; None if it is a mistake of ours and not the database's state."""
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable("All connections to the database are busy.", "Try again.")
    if not isinstance(error, exc.DBAPIError):
        return None
    said = " ".join(str(error.orig).split())
    return _sqlite(error, said, address) if address.path else _postgresql(error, said, address)


def _sqlite(error: exc.DBAPIError, said: str, address: Address) -> StoreError | None:
    if "no such table" in said or "no such column" in said:
        return SchemaError(f"The schema of {address} is not this version's ({said}).", SCHEMA_REMEDY)
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
        return None
    lowered = said.lower()
    remedy = next((remedy for part, remedy in _SQLITE_REMEDIES if part in lowered), "Try again.")
    return DatabaseUnavailable(f"The file {address}: {said}.", remedy)


def _postgresql(error: exc.DBAPIError, said: str, address: Address) -> StoreError | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in (_UNDEFINED_TABLE, _UNDEFINED_COLUMN):
        return SchemaError(f"The schema of {address} is not this version's ({said}).", SCHEMA_REMEDY)
    if state == _READ_ONLY:
        return DatabaseUnavailable(
            f"{address} takes no writes: {said}.", "Name the primary server in the URL."
        )
    if isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated:
        return DatabaseUnavailable(
            f"{address}: {said}.", _POSTGRESQL_BUSY if state in _BUSY else _POSTGRESQL_REMEDY
        )
    return None
