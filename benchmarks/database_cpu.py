"""What a PostgreSQL server on this machine spends: CPU time, and memory a connection."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psycopg


def postmaster(url: str) -> int | None:
    """Process id of the server's first process; None where the server is on another machine."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        try:
            name, parent = _stat(backend)[0], int(_stat(backend)[2])
        except OSError:
            return None
    return parent if "postgres" in name else None


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a server and all its processes have used, those that have ended included."""
    ticks = sum(int(each) for each in _stat(pid)[12:16])
    for child in _children(pid):
        with contextlib.suppress(OSError):
            ticks += sum(int(each) for each in _stat(child)[12:14])
    return ticks / os.sysconf("SC_CLK_TCK")


def connection_mb(pid: int) -> float:
    """MiB of memory that a process of the server has of its own, in the mean over all that there are."""
    found = []
    for child in _children(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
            kib = [int(line.split()[1]) for line in lines if line.startswith("Private")]
            found.append(sum(kib) / 1024)
    return sum(found) / max(len(found), 1)


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in threads.read_text().split()]


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat, beginning with the name."""
    text = Path(f"/proc/{pid}/stat").read_text()
    name, _, rest = text.partition("(")[2].rpartition(")")
    return [name, *rest.split()]
