"""An account for a child that nobody else uses."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

FIRST, LAST = 61_184, 65_519
"""Where systemd takes the accounts of its services with DynamicUser: by convention nobody's."""

_held: list[socket.socket] = []


def free() -> int | None:
    """An account number that no process runs under, held until this worker ends; None if none can be used.

    An abstract Unix socket marks it: the kernel drops the mark with the worker, however that ends.
    """
    used = set(_used())
    for uid in range(FIRST, LAST + 1):
        if uid in used:
            continue
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mark.bind(f"\0lrtune-account-{uid}")
        except OSError:
            mark.close()
            continue
        if not _can_become(uid):
            mark.close()
            return None  # a container that maps few accounts, or a root without its rights
        _held.append(mark)
        return uid
    return None


def _can_become(uid: int) -> bool:
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            status = 0
        os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def _used() -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                yield os.stat(f"/proc/{name}").st_uid
