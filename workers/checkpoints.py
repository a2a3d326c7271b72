"""The folder of checkpoints that workers share: files in, files out, never more than it may hold.

What a child wrote is data, and hostile: it is copied byte by byte, from a plain file that nothing else names,
and never read here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 16 * 2**20
STRAY_S = 3600.0
"""A file that no unit names may be one that is just being put there; after so long it is rubbish."""


class Refused(Exception):  # noqa: N818 - not an error: the work goes on without a checkpoint
    """A checkpoint can't be put there, or can't be had; the text says why, as the end of a sentence."""


class Checkpoints:
    """Checkpoints by name.

    Args:
        folder: Made when first needed.
        limit_bytes: That all may have together.
        now: Seconds since 1970, as files count them.

    Attributes:
        refused: Jobs whose trainings can't be saved here.
    """

    def __init__(self, folder: Path, limit_bytes: int, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self.limit_bytes = limit_bytes
        self.refused: set[str] = set()

    def put(self, name: str, source: Path, most_bytes: int, tick: Callable[[], None]) -> str:
        """Copy what a child wrote, whole or not at all; returns its SHA-256.

        Args:
            tick: Called now and then; what it raises passes through.

        Raises:
            Refused: It is no plain file, too large, or the folder can't be written.
        """
        unfinished = self._folder / f"{name}.unfinished"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(source, most_bytes) as given:
                digest = _copy(given, unfinished, 0o600, tick)
            os.replace(unfinished, self._folder / name)
        except OSError as error:
            raise Refused(f"it could not be kept: {error.strerror or error}") from error
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
        return digest

    def fetch(self, name: str, digest: str, target: Path, tick: Callable[[], None]) -> None:
        """Copy a checkpoint to a new file that every account may read.

        Raises:
            Refused: It is not there, or not what it was.
        """
        try:
            with _opened(self._folder / name, self.limit_bytes) as kept:
                found = _copy(kept, target, 0o644, tick)
        except FileNotFoundError:
            raise Refused("it is not in this worker's folder of checkpoints") from None
        except OSError as error:
            raise Refused(f"it can't be read: {error.strerror or error}") from error
        if found != digest:
            target.unlink()
            raise Refused("its file is damaged")

    def remove(self, name: str) -> None:
        """Throw a checkpoint away."""
        with contextlib.suppress(OSError):
            (self._folder / name).unlink(missing_ok=True)

    def trim(self, live: Collection[str], latest: str) -> None:
        """Throw away what no unit names, and the oldest of the others until the rest fits.

        Args:
            live: Names that units have.
            latest: The one that stays in any case.
        """
        stray = self._now() - STRAY_S
        files = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._folder):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    rubbish = entry.name not in live and found.st_mtime < stray
                    files.append((not rubbish, found.st_mtime, found.st_size, entry.name))
        total = sum(size for _, _, size, _ in files)
        for needed, _, size, name in sorted(files):
            if name != latest and (not needed or total > self.limit_bytes):
                self.remove(name)
                total -= size


def _opened(path: Path, most_bytes: int) -> BinaryIO:
    """A plain file by no other name, to read; a link or a pipe, which could make the reader hand out another
    file or wait for ever, is refused.

    Raises:
        OSError: It can't be opened.
        Refused: It is something else, or too large.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > most_bytes:
        file.close()
        raise Refused(f"{path.name} is no plain file of at most {most_bytes} bytes")
    return file


def _copy(source: BinaryIO, target: Path, mode: int, tick: Callable[[], None]) -> str:
    """Copy as much as the source has now to a new file, and onto the disk; returns its SHA-256."""
    digest = hashlib.sha256()
    left = os.fstat(source.fileno()).st_size
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as copy:
        os.fchmod(copy.fileno(), mode)  # whatever the umask is
        while left > 0 and (chunk := source.read(min(CHUNK_BYTES, left))):
            tick()
            digest.update(chunk)
            copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())  # chunk by chunk: one wait for all could outlast a lease
            left -= len(chunk)
    return digest.hexdigest()
