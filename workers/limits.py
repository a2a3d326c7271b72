"""Limits of a trainer child as people meet them: what each is called, and what to do when it is exceeded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lrtune.wire import JobError


class Limit(NamedTuple):
    """A limit: the code of a job that exceeds it, what it counts, the remedy, the worker's setting if it is
    one."""

    code: str
    what: str
    remedy: str
    variable: str | None


LIMITS: Mapping[str, Limit] = {
    "memory_mb": Limit(
        "memory_limit", "MiB of memory", "Make the model, the batch or the data smaller", "LRTUNE_MEMORY_MB"
    ),
    "processes": Limit(
        "process_limit",
        "processes at a time",
        "Start fewer, e.g. fewer DataLoader workers",
        "LRTUNE_PROCESSES",
    ),
    "threads": Limit(
        "thread_limit", "threads at a time", "Start fewer threads or processes", "LRTUNE_TASK_THREADS"
    ),
    "cpu_s": Limit("cpu_limit", "seconds of CPU time", "Make the job or the task smaller", "LRTUNE_CPU_S"),
    "disk_mb": Limit(
        "disk_limit", "MiB on disk", "Write less, or remove what is no longer needed", "LRTUNE_DISK_MB"
    ),
    "files": Limit(
        "file_limit", "files", "Write fewer files, or remove what is no longer needed", "LRTUNE_FILES"
    ),
    "path_bytes": Limit("path_limit", "bytes in the path of a file", "Nest folders less deeply", None),
    "unit_s": Limit(
        "time_limit",
        "seconds for one unit of work",
        "Make an epoch shorter, or epochs fewer",
        "LRTUNE_UNIT_S",
    ),
    "log_mb": Limit("log_limit", "MiB of printed text", "Print less", "LRTUNE_LOG_MB"),
}
"""By field of ``sandbox.plan.Limits``; the last two are watched by the worker itself."""


class LimitExceeded(Exception):  # noqa: N818 - not the worker's error: the task went too far
    """A task used more than the worker allows.

    Args:
        name: A key of ``LIMITS``.
        used, allowed: In its unit.
    """

    def __init__(self, name: str, used: float, allowed: float) -> None:
        limit = LIMITS[name]
        raising = f"; or ask the worker's operator to raise {limit.variable}" if limit.variable else ""
        super().__init__(f"{used:,.0f} {limit.what} used, {allowed:,.0f} allowed")
        self.error = JobError(
            code=limit.code,
            detail=f"The task used {used:,.0f} {limit.what}; this worker allows {allowed:,.0f}.",
            remedy=f"{limit.remedy}{raising}.",
        )
