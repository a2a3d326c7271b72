"""Keeps local worker processes alive: starts them, restarts the fallen with growing pauses, stops them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("lrtune.service")

BACKOFF_MIN_S = 1.0
BACKOFF_MAX_S = 60.0
STEADY_S = 60.0
"""A worker that ran this long was well: its next fall starts the pauses anew."""

LOG_BYTES = 10 * 1024 * 1024


@dataclass
class Slot:
    """One worker to keep alive; ``due_at`` is when to start it next if it does not run."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    backoff_s: float = BACKOFF_MIN_S


class LocalWorkers:
    """``count`` processes of ``command``, watched by a thread of their own.

    Args:
        command: Program and arguments of one worker.
        environ: Its environment; the database's URL travels here, where other users cannot read it.
        count: How many to keep alive.
        logs: Folder of their log files, ``worker-1.log`` and so on.
        drain_s: Seconds between SIGTERM and SIGKILL at the end.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: dict[str, str],
        count: int,
        logs: Path,
        *,
        drain_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.command = list(command)
        self.environ = environ
        self.slots = [Slot(number) for number in range(1, count + 1)]
        self.logs = logs
        self.drain_s = drain_s
        self.clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="local-workers")

    def start(self) -> None:
        if self.slots:
            self.logs.mkdir(parents=True, exist_ok=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask the workers to end, wait for them, and kill those that don't. Can be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        # Workers are started by this thread, which lives until they are gone: their tether is cut by the
        # death of the thread that started them, not of the process alone.
        while not self._stop.is_set():
            for slot in self.slots:
                self.tend(slot)
            self._stop.wait(0.2)
        self._end()

    def tend(self, slot: Slot) -> None:
        """Notice if the slot's worker has ended; start one that is due."""
        now = self.clock()
        if slot.process and slot.process.poll() is not None:
            if now - slot.started_at >= STEADY_S:
                slot.backoff_s = BACKOFF_MIN_S
            log.warning(
                "worker %d ended with status %d; starting it again in %.0f s (log: %s)",
                slot.number,
                slot.process.returncode,
                slot.backoff_s,
                self._log(slot),
            )
            slot.process = None
            slot.due_at = now + slot.backoff_s
            slot.backoff_s = min(slot.backoff_s * 2, BACKOFF_MAX_S)
        if slot.process is None and now >= slot.due_at:
            slot.process = self._spawn(slot)
            slot.started_at = now

    def _spawn(self, slot: Slot) -> subprocess.Popen[bytes]:
        path = self._log(slot)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "lrtune.tether", str(os.getpid()), *self.command],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is the server's; it tells the workers
            )

    def _log(self, slot: Slot) -> Path:
        return self.logs / f"worker-{slot.number}.log"

    def _end(self) -> None:
        running = [slot.process for slot in self.slots if slot.process and slot.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = self.clock() + self.drain_s
        for process in running:
            try:
                process.wait(max(0.0, deadline - self.clock()))
            except subprocess.TimeoutExpired:
                log.warning("worker process %d did not end in %.0f s: killed", process.pid, self.drain_s)
                process.kill()
                process.wait()
