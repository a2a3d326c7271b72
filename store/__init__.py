"""The truth, in SQL: the only room that writes it."""

from store.database import Database, Tx
from store.schema import migrate, schema_state

__all__ = ["Database", "Tx", "migrate", "schema_state"]
