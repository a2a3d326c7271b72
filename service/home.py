"""The data directory, and the lock that lets one server at a time use it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeError(Exception):
    """The data directory cannot be used; the message says why and what to do."""


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Create ``home`` if need be, and hold its lock.

    The lock belongs to the process, so a killed server leaves none behind.

    Raises:
        HomeError: The directory cannot be written, or another server holds it.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (home / "server.lock").open("a+")
    except OSError as error:
        raise HomeError(
            f"The data directory {home} cannot be used: {error.strerror}. "
            "Set LRTUNE_HOME to a folder you can write."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise HomeError(
                f"Another server (process {holder}) uses the data directory {home}. "
                "Stop it, or set LRTUNE_HOME to another folder."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
