"""One worker of a fleet: the actor in which its process lives, on whatever node and GPU Ray gave it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import ray

PAUSE_S = 5.0
"""Before a worker that ended is started again: it may have ended at once, and would again."""


@dataclass(frozen=True)
class Place:
    """Where a member's worker runs; ``running`` is whether it still does."""

    host: str
    pid: int
    gpus: tuple[str, ...]
    running: bool


class Member:
    """Runs ``lrtune worker`` with the CUDA devices that Ray assigned; Ray starts it again, with the actor.

    Args:
        environ: Variables for the worker, over the node's own.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._leaving = False
        # The worker is tied to the thread that starts it, the actor's main one: it ends with the actor.
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "lrtune.tether",
                str(os.getpid()),
                sys.executable,
                "-m",
                "lrtune.cli",
                "worker",
            ],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
        )
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def place(self) -> Place:
        return Place(
            socket.gethostname(),
            self._process.pid,
            tuple(str(number) for number in ray.get_gpu_ids()),
            self._process.poll() is None,
        )

    def leave(self, *, at_once: bool) -> None:
        """End the worker: after the unit at hand, or at once, handing the unit back."""
        self._leaving = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM if at_once else signal.SIGUSR1)

    def _watch(self) -> None:
        self._process.wait()
        if not self._leaving:
            time.sleep(PAUSE_S)
            os._exit(1)  # Ray starts the actor again, here or on another node
