"""A folder of things that are costly to make, shared by processes: each made once, the least used thrown
away."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

WHOLE = ".whole"
"""A file in an entry's folder that says it was made to its end."""


class Shelf:
    """Entries by key under one folder. Who holds an entry keeps it from being thrown away.

    Locks are advisory (``flock``) and end with their process, so a killed one leaves nothing locked; what it
    left half made is made again.

    Args:
        folder: Made when first needed; on a local disk.
        limit_bytes: Over this, entries that nobody holds go, the least recently taken first.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes

    def take(self, key: str, make: Callable[[Path], None], wait: Callable[[], None]) -> Held:
        """The entry of ``key``, made if it is not there.

        Args:
            key: Letters, digits, dashes and dots, not in front.
            make: Fills the folder it is given; what it raises passes through, and leaves no entry.
            wait: Called while another process makes the entry; sleeps a moment, or raises to give up.

        Raises:
            OSError: The folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):  # another account's, which has seen to it
            self._folder.chmod(0o755)  # trainers of another account read here, whatever this one's umask is
        entry = self._folder / key
        lock = (self._folder / f"{key}.lock").open("ab")
        try:
            while True:
                if _try(lock, fcntl.LOCK_SH):
                    if (entry / WHOLE).exists():
                        os.utime(entry / WHOLE)
                        return Held(entry, lock)
                    fcntl.flock(lock, fcntl.LOCK_UN)
                if _try(lock, fcntl.LOCK_EX):
                    if not (entry / WHOLE).exists():
                        self._make(entry, make)
                    # The change to a shared lock is not atomic: look again whether the entry is still there.
                    fcntl.flock(lock, fcntl.LOCK_UN)
                    continue
                wait()
        except BaseException:
            lock.close()
            raise

    def trim(self) -> None:
        """Throw away what nobody holds until the rest fits the limit."""
        if not self._folder.is_dir():
            return
        entries = [each for each in self._folder.iterdir() if each.is_dir()]
        sizes = {each: _size(each) for each in entries}
        total = sum(sizes.values())
        for entry in sorted(entries, key=_taken_at):
            if total <= self._limit:
                return
            with (self._folder / f"{entry.name}.lock").open("ab") as lock:
                if _try(lock, fcntl.LOCK_EX):
                    _remove(entry)
                    total -= sizes[entry]

    def _make(self, entry: Path, make: Callable[[Path], None]) -> None:
        _remove(entry)
        entry.mkdir()
        entry.chmod(0o755)
        try:
            make(entry)
        except BaseException:
            _remove(entry)
            raise
        (entry / WHOLE).touch()


class Held:
    """An entry that stays until it is released."""

    def __init__(self, path: Path, lock: IO[bytes]) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        self._lock.close()


def _try(lock: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_at(entry: Path) -> float:
    try:
        return (entry / WHOLE).stat().st_mtime
    except OSError:
        return 0.0


def _size(entry: Path) -> int:
    total = 0
    for folder, _, files in os.walk(entry):
        for file in files:
            try:
                total += os.lstat(os.path.join(folder, file)).st_size
            except OSError:
                continue
    return total


def _remove(entry: Path) -> None:
    """The mark first, so that what is left of a removal that was cut short never passes for whole."""
    (entry / WHOLE).unlink(missing_ok=True)
    shutil.rmtree(entry, ignore_errors=True)
