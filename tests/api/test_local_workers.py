"""Local workers are kept alive, paused after falls, and stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.local_workers import BACKOFF_MAX_S, STEADY_S, LocalWorkers, Slot


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def workers(script: str, folder: Path, clock: Clock, *, drain_s: float = 60.0) -> LocalWorkers:
    command = [sys.executable, "-c", script]
    return LocalWorkers(command, dict(os.environ), 1, folder, drain_s=drain_s, clock=clock)


def started(slot: Slot) -> subprocess.Popen[bytes]:
    assert slot.process is not None
    return slot.process


def test_a_fallen_worker_is_started_again_after_growing_pauses(tmp_path: Path) -> None:
    clock = Clock()
    pool = workers("print('fell', flush=True); raise SystemExit(3)", tmp_path, clock)
    [slot] = pool.slots
    pauses = []
    for _ in range(9):
        pool.tend(slot)
        assert started(slot).wait() == 3
        pool.tend(slot)
        assert slot.process is None
        pauses.append(slot.due_at - clock.now)
        clock.now = slot.due_at - 0.001
        pool.tend(slot)
        assert slot.process is None
        clock.now = slot.due_at
    assert pauses == [1, 2, 4, 8, 16, 32, BACKOFF_MAX_S, BACKOFF_MAX_S, BACKOFF_MAX_S]
    assert (tmp_path / "worker-1.log").read_text() == "fell\n" * 9


def test_a_worker_that_ran_long_is_soon_back(tmp_path: Path) -> None:
    clock = Clock()
    pool = workers("", tmp_path, clock)
    [slot] = pool.slots
    slot.backoff_s = 32.0
    pool.tend(slot)
    started(slot).wait()
    clock.now = STEADY_S
    pool.tend(slot)
    assert slot.due_at - clock.now == 1.0


def test_stop_asks_and_waits(tmp_path: Path) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))\n"
        "print('up', flush=True)\nsignal.pause()"
    )
    slots = drained(script, tmp_path, drain_s=60.0)
    assert [started(slot).returncode for slot in slots] == [0]
    assert (tmp_path / "worker-1.log").read_text() == "up\nbye\n"


def test_stop_kills_who_does_not_listen(tmp_path: Path) -> None:
    script = (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\n"
        "while True: signal.pause()"
    )
    slots = drained(script, tmp_path, drain_s=0.0)
    assert [started(slot).returncode for slot in slots] == [-signal.SIGKILL]


def drained(script: str, folder: Path, *, drain_s: float) -> list[Slot]:
    """Start a pool, stop it once its worker has said that it is up, give back its slots."""
    output = folder / "worker-1.log"
    pool = workers(script, folder, Clock(), drain_s=drain_s)
    pool.start()
    while not (output.exists() and "up" in output.read_text()):
        assert pool._thread.is_alive()
    pool.stop()
    pool.stop()
    return pool.slots


def test_no_workers_no_thread(tmp_path: Path) -> None:
    pool = LocalWorkers(["false"], {}, 0, tmp_path / "logs", drain_s=1.0)
    pool.start()
    pool.stop()
    assert not (tmp_path / "logs").exists()


def test_a_long_log_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.local_workers.LOG_BYTES", 10)
    (tmp_path / "worker-1.log").write_text("x" * 11)
    pool = workers("print('new')", tmp_path, Clock())
    pool.tend(pool.slots[0])
    started(pool.slots[0]).wait()
    assert (tmp_path / "worker-1.log").read_text() == "new\n"
    assert (tmp_path / "worker-1.log.1").read_text() == "x" * 11


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_server_takes_its_workers_along() -> None:
    child = "import signal; print('up', flush=True); signal.pause()"
    parent = (
        "import os, signal, subprocess, sys\n"
        "command = [sys.executable, '-m', 'lrtune.tether', str(os.getpid()), sys.executable, '-c']\n"
        f"subprocess.Popen([*command, {child!r}])\nsignal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
        assert process.stdout.read() == b""  # end of file: the child, which held the pipe, is gone too


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_worker_whose_server_is_gone_already_does_not_start() -> None:
    command = [sys.executable, "-m", "lrtune.tether", "1", sys.executable, "-c", "print('up')"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b""
