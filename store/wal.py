"""SQLite's write-ahead log: readers and the writer don't wait for each other, and commits are cheap."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from store.engine import BUSY_TIMEOUT_S
from store.errors import DatabaseUnavailable

RETRY_S = 0.05


def switch_to_wal(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Switch a database file to the write-ahead log, for good: the file itself remembers.

    Raises:
        DatabaseUnavailable: Others keep the file busy, or its file system cannot share memory.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        said = ""
        # Switching needs the file alone for a moment, and SQLite's own busy timeout does not cover that.
        for _ in range(round(BUSY_TIMEOUT_S / RETRY_S)):
            try:
                [said] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                said = str(error)
            if said == "wal":
                return
            sleep(RETRY_S)
    raise DatabaseUnavailable(
        f"The file {path} cannot use a write-ahead log: {said}.",
        "Stop whatever else uses it, and keep it on a local disk.",
    )
