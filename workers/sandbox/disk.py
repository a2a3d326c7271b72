"""What lies in the folders that a tree of processes writes, whatever it does to hide that."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence

from workers.sandbox.plan import MB, Limits
from workers.sandbox.processes import Process
from workers.sandbox.usage import SHARED, Excess, nameless

PATH_MAX = 4095
"""Bytes of a path that the kernel looks up. Whoever goes down step by step gets deeper, out of sight."""


class _TooDeep(Exception):  # noqa: N818 - how the folder is
    """A path in a folder is longer than ``PATH_MAX``."""


def disk_excess(limits: Limits, folders: Sequence[str], tree: Sequence[Process]) -> Excess | None:
    """The first disk limit that the folders exceed, files counted that were removed but are still open.

    Folders in them that nobody may list are made listable: what they hold counts like the rest.
    """
    size = sum({key: size for key, size, in_memory in nameless(tree) if not in_memory}.values())
    count = 0
    try:
        for path in folders:
            for found in () if path.startswith(SHARED) else _sizes(path):
                count += 1
                size += found
                if count > limits.files:
                    return Excess("files", count, limits.files)
    except _TooDeep:
        return Excess("path_bytes", PATH_MAX + 1, PATH_MAX)
    if size > limits.disk_mb * MB:
        return Excess("disk_mb", size / MB, limits.disk_mb)
    return None


def _sizes(folder: str) -> Iterator[int]:
    """Bytes of each file and folder in a folder, however deep; raises ``_TooDeep``."""
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            try:
                yield entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
            except OSError as error:
                _seen(error)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    for tried in (False, True):
        try:
            with os.scandir(folder) as found:
                return list(found)
        except OSError as error:
            _seen(error)
            if tried or error.errno != errno.EACCES:
                break
            _unlock(folder)
    return []


def _seen(error: OSError) -> None:
    """What has gone meanwhile need not be counted; what is too deep must not be."""
    if error.errno == errno.ENAMETOOLONG:
        raise _TooDeep from error


def _unlock(folder: str) -> None:
    """Let the owner, which is this process's account too, list a folder; never what a link leads to."""
    with contextlib.suppress(OSError):
        held = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            os.chmod(f"/proc/self/fd/{held}", 0o700)
        finally:
            os.close(held)
