"""Starts a trainer child for a task, and has it load the task: the same for a job and for a check."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from lrtune.wire import JobRequest
from workers.child import Child
from workers.protocol import Choice, Length, Load
from workers.provision import Provision
from workers.sandbox.folder import Folder
from workers.sandbox.sandbox import Sandbox
from workers.settings import Settings
from workers.task_files import unpack

TRAINER = ("-P", "-m", "workers.trainer")
"""The trainer, as arguments of its interpreter; the number of the inherited socket follows."""


def start(
    files: Mapping[str, bytes],
    folder: Folder,
    provision: Provision,
    sandbox: Sandbox,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    network: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Child:
    """A trainer child that has nothing loaded yet.

    Args:
        files: Of the task; they are unpacked into ``folder``.
        folder: New; the child's own.
        provision: What the task needs beside its files.
        environ: The worker's environment; the child gets a part of it.
        network: Whether the task may use the network.
        clock: Monotonic seconds.
    """
    unpack(files, folder.task)
    folder.show_task()
    plan = sandbox.plan(
        folder,
        (str(provision.python or sys.executable), *TRAINER),
        environ=environ,
        threads=settings.threads,
        limits=settings.limits,
        network=network,
        readable=provision.readable,
    )
    return Child(plan, stall_s=settings.stall_s, unit_s=settings.unit_s, log_mb=settings.log_mb, clock=clock)


def load_order(
    folder: Folder,
    provision: Provision,
    entry: str,
    request: JobRequest,
    settings: Settings,
    *,
    length: Length,
    choice: Choice | None = None,
) -> Load:
    """The order to load the task for a request; see ``Load``."""
    return Load(
        folder=str(folder.task),
        entry=entry,
        params=request.params,
        data={name: str(path) for name, path in provision.data.items()},
        optimizer=request.optimizer,
        batch_size=request.batch_size,
        accumulate=request.accumulate,
        precision=request.precision,
        device=settings.device,
        threads=settings.threads,
        memory_bytes=settings.memory_mb * 2**20,
        length=length,
        choice=choice,
    )
