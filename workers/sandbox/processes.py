"""The processes of this machine as /proc tells of them: who descends from whom, and ending a whole tree."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")

END_S = 8.0
"""How long ending a tree may take: a process in the midst of a driver's call dies when that returns."""


class Process(NamedTuple):
    """One process; ``cpu_s`` counts its own CPU seconds and those of children it has waited for."""

    pid: int
    state: str
    parent: int
    session: int
    cpu_s: float
    threads: int
    resident_pages: int


def all_processes() -> Iterator[Process]:
    """Every process that /proc shows."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in names:
        if name.isdecimal() and (found := _read(int(name))) is not None:
            yield found


def _read(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name stands in parentheses and may hold anything, parentheses too.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return Process(
        pid=pid,
        state=fields[0].decode(),
        parent=int(fields[1]),
        session=int(fields[3]),
        cpu_s=sum(int(fields[at]) for at in (11, 12, 13, 14)) / _TICKS,
        threads=int(fields[17]),
        resident_pages=int(fields[21]),
    )


def descendants(ancestor: int) -> list[Process]:
    """All that descends from a process, itself left out.

    Orphans go to the nearest ancestor that is a subreaper (``PR_SET_CHILD_SUBREAPER``), so none gets lost
    to one that is, not even by forking twice or opening a session.
    """
    children: dict[int, list[Process]] = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [ancestor]
    while waiting:
        born = children.pop(waiting.pop(), [])
        found += born
        waiting += [process.pid for process in born]
    return found


def threads_of(uid: int) -> int:
    """How many threads run under an account now."""
    count = 0
    for process in all_processes():
        with contextlib.suppress(OSError):
            count += process.threads if os.stat(f"/proc/{process.pid}").st_uid == uid else 0
    return count


def end_descendants(uid: int | None) -> list[int]:
    """Kill all that descends from this process, which must be a subreaper, and wait until it is gone.

    Args:
        uid: The account that they alone use, if there is one: all of it is killed at one stroke, which no
            fork can outrun.

    Returns:
        Processes that are still there after ``END_S``.
    """
    deadline = time.monotonic() + END_S
    while True:
        if uid is not None:
            _kill_account(uid)
        found = descendants(os.getpid())
        # Stopped first, so that what forks faster than we look cannot go on doing so.
        for stroke in (signal.SIGSTOP, signal.SIGKILL):
            for process in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, stroke)
        while _reap():
            pass
        left = [process.pid for process in descendants(os.getpid())]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.005)


def _kill_account(uid: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _reap() -> bool:
    try:
        pid, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return pid > 0
