"""What a tree of processes uses: memory, processes, threads, CPU time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

from workers.sandbox.plan import MB, Limits
from workers.sandbox.processes import Process

_PAGE = os.sysconf("SC_PAGE_SIZE")
SHARED = "/dev/shm"


@dataclass(frozen=True)
class Excess:
    """A limit (a field of ``Limits``, or ``path_bytes``) and what was used of it, both in its unit."""

    limit: str
    used: float
    allowed: float


def excess(
    limits: Limits, tree: Sequence[Process], reaped_cpu_s: float, shared: SharedMemory
) -> Excess | None:
    """The first limit that the processes of a tree exceed.

    Args:
        tree: All its processes.
        reaped_cpu_s: CPU seconds of those that have ended and whose parent nobody counts.
        shared: The shared memory they may have filled.
    """
    if len(tree) > limits.processes:  # first: of too many, nothing else is looked up in time
        return Excess("processes", len(tree), limits.processes)
    threads = sum(process.threads for process in tree)
    if threads > limits.threads:
        return Excess("threads", threads, limits.threads)
    cpu_s = reaped_cpu_s + sum(process.cpu_s for process in tree)
    if 0 < limits.cpu_s < cpu_s:
        return Excess("cpu_s", cpu_s, limits.cpu_s)
    memory = _memory(tree, limits.memory_mb * MB, shared)
    if memory > limits.memory_mb * MB:
        return Excess("memory_mb", memory / MB, limits.memory_mb)
    return None


def _memory(tree: Sequence[Process], allowed: float, shared: SharedMemory) -> float:
    """Bytes of memory, pages that processes share counted once.

    The resident sizes alone are quick to read but count shared pages for each process, so they only tell
    that all is well. Shared memory that is filled but mapped by nobody has no resident size anywhere.
    """
    filled = shared.filled(tree)
    quick = sum(process.resident_pages for process in tree) * _PAGE
    if quick + filled <= allowed:
        return quick + filled
    private = mapped = 0
    for process in tree:
        sizes = _rollup(process.pid)
        private += sizes.get("Pss", 0) - sizes.get("Pss_Shmem", 0)
        mapped += sizes.get("Pss_Shmem", 0)
    return private + max(mapped, filled)


def _rollup(pid: int) -> dict[str, int]:
    """The proportional sizes of a process, in bytes; empty when it has gone."""
    sizes: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if rest.endswith("kB\n"):
                sizes[name] = int(rest.split()[0]) * 1024
    return sizes


class SharedMemory:
    """Shared memory that a tree has filled since this was made: files in /dev/shm, and nameless ones.

    Args:
        uid: The account whose files count.
    """

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self._before = {(device, node) for device, node, _ in self._named(SHARED)}

    def filled(self, tree: Sequence[Process]) -> int:
        """Bytes."""
        roots = {SHARED, *(f"/proc/{process.pid}/root{SHARED}" for process in tree)}
        found = {
            (device, node): size
            for root in roots
            for device, node, size in self._named(root)
            if (device, node) not in self._before
        }
        found |= {key: size for key, size, in_memory in nameless(tree) if in_memory}
        return sum(found.values())

    def clear(self) -> None:
        """Remove the files; only for an account that nobody else uses."""
        with contextlib.suppress(OSError), os.scandir(SHARED) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_uid == self._uid:
                        os.unlink(entry.path)

    def _named(self, root: str) -> list[tuple[int, int, int]]:
        found = []
        with contextlib.suppress(OSError), os.scandir(root) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    told = entry.stat(follow_symlinks=False)
                    if told.st_uid == self._uid:
                        found.append((told.st_dev, told.st_ino, told.st_blocks * 512))
        return found


def nameless(tree: Sequence[Process]) -> list[tuple[tuple[int, int], int, bool]]:
    """Files without a name that processes hold open: (device, node), bytes, whether they lie in memory."""
    found = []
    for process in tree:
        folder = f"/proc/{process.pid}/fd"
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                with contextlib.suppress(OSError):
                    told = os.stat(f"{folder}/{name}")
                    if told.st_nlink == 0 and told.st_blocks:
                        target = os.readlink(f"{folder}/{name}")
                        in_memory = target.startswith(("/memfd:", SHARED))
                        found.append(((told.st_dev, told.st_ino), told.st_blocks * 512, in_memory))
    return found
