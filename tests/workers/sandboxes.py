"""Real children in the strongest sandbox of the machine that the tests run on."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from workers.child import Child
from workers.sandbox.folder import Folder
from workers.sandbox.plan import Limits
from workers.sandbox.probe import probe
from workers.sandbox.sandbox import Sandbox

LIMITS = Limits(memory_mb=2048, processes=64, threads=512, cpu_s=0, disk_mb=64, files=1000)

HEAD = """
import os, signal, socket, subprocess, sys, time
peer = socket.socket(fileno=int(sys.argv[1]))
lines = peer.makefile("rb")
line = lines.readline
def say(text): peer.sendall(text.encode() + b"\\n")
def tell(*words): print(*words, file=sys.stderr, flush=True)
DONE = '{"type": "done"}'
"""
"""``line()`` reads an order, ``say(DONE)`` answers it, ``tell(...)`` prints."""


@cache
def sandbox() -> Sandbox:
    """What a worker would find here."""
    return probe(environ=os.environ, private=[], gpu=False)


Start = Callable[..., Child]


class Children:
    """Starts children that run a script in place of the trainer, and ends them all."""

    def __init__(self, around: Sandbox) -> None:
        self._sandbox = around
        self._started: list[tuple[Child, Folder]] = []

    def start(
        self,
        script: str,
        *,
        stall_s: float = 60.0,
        unit_s: float = 3600.0,
        log_mb: float = 10.0,
        network: bool = False,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] | None = None,
        **limits: int,
    ) -> Child:
        folder = Folder(self._sandbox.layers.uid)
        folder.task.mkdir()
        path = folder.task / "child.py"
        path.write_text(HEAD + textwrap.dedent(script))
        folder.show_task()
        plan = self._sandbox.plan(
            folder,
            (sys.executable, "-P", str(path)),
            environ=environ,
            threads=1,
            limits=replace(LIMITS, **limits),
            network=network,
        )
        timed = {} if clock is None else {"clock": clock}
        child = Child(plan, stall_s=stall_s, unit_s=unit_s, log_mb=log_mb, **timed)
        self._started.append((child, folder))
        return child

    def close(self) -> None:
        for child, folder in self._started:
            child.kill()
            folder.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
