"""Real servers and workers, as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lrtune import Client

LISTENING = "lrtune is listening on "
PATIENCE_S = 120.0

LEASE_S = "3"
"""Leases as short as they get, so that a lost worker is missed soon."""

GONE_S = 20.0
"""By then nothing is left of a job that has ended, was cancelled, or lost its worker's lease. Twice what is
promised, since tests share their machine."""


def environ(home: Path, **more: str) -> dict[str, str]:
    """This environment, with the server's data and what workers unpack under ``home``."""
    scratch = home / "scratch"
    scratch.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRTUNE_")}
    # A width of its own: otherwise what is printed hangs on the terminal that the tests are run from.
    ours = {"LRTUNE_HOME": str(home), "LRTUNE_LEASE_S": LEASE_S, "TMPDIR": str(scratch), "COLUMNS": "120"}
    return kept | ours | more


def lrtune(*arguments: str) -> list[str]:
    """The command line of an lrtune command."""
    return [sys.executable, "-m", "lrtune.cli", *arguments]


@dataclass
class Server:
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str

    def client(self) -> Client:
        return Client(self.url)


@contextmanager
def serving(home: Path, *, workers: int = 1, **more: str) -> Iterator[Server]:
    """A server on a free port; told to end afterwards, and given the time to drain."""
    process = subprocess.Popen(
        lrtune("serve", "--port", "0", "--workers", str(workers)),
        env=environ(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(LISTENING), line
        yield Server(process, line.removeprefix(LISTENING).strip())
    finally:
        end(process)


@contextmanager
def working(home: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker for the embedded database under ``home``."""
    process = subprocess.Popen(
        lrtune("worker", *arguments),
        env=environ(home, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> int:
    """Ask a process to end, and kill it if it doesn't."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def trainers(home: Path) -> set[int]:
    """Process ids of the trainer children of the workers of ``home``, and of all that these started."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            if (process / "cwd").readlink().is_relative_to(home / "scratch"):
                found.add(int(process.name))
        except (OSError, ValueError):
            continue
    return found


def until(holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Wait until something outside this process holds; it tells of itself in no other way."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.05)
