"""``python -P -m workers.sandbox.check JSON FD``: runs in a child's place, tells what is out of reach.

A worker believes this and not the list of layers: a layer may be there and do less than it should.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Try everything, and answer with the name of each guard and whether it held."""
    told = json.loads(sys.argv[1])
    worker = int(told["worker"])
    guards = {
        "memory": _refused(lambda: Path(f"/proc/{worker}/environ").read_bytes()),
        "signals": _refused(lambda: os.kill(worker, signal.SIGCONT)),
        "private files": all(_refused(lambda p=p: _open(p)) for p in told["private"]),  # type: ignore[misc]
        "other files": _refused(lambda: _open(told["outside"])),
        "writing": _refused(lambda: Path(told["outside"]).write_text("written")),
        "network": _refused(lambda: socket.socket(socket.AF_INET).close()),
        "system calls": _refused(_trace),
        "Unix sockets": _refused(lambda: _connect(told["socket"])),
        "processes": not Path(f"/proc/{worker}").exists(),
    }
    with socket.socket(fileno=int(sys.argv[2])) as answer:
        answer.sendall(json.dumps({"guards": guards, "lacks": _lacks(told["gpu"])}).encode())


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def _open(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def _trace() -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(0, 0, None, None):  # PTRACE_TRACEME
        raise OSError(ctypes.get_errno(), "ptrace")


def _lacks(gpu: bool) -> str | None:
    """What a training needs and does not get here, None if it gets all."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
        multiprocessing.Lock()
        import workers.protocol  # noqa: F401 - the trainer's own files and what they import can be read
    except (OSError, ImportError) as error:
        return f"{type(error).__name__}: {error}"
    if gpu:
        try:
            status = ctypes.CDLL("libcuda.so.1").cuInit(0)
        except OSError as error:
            return f"the GPU's driver: {error}"
        if status:
            return f"the GPU cannot be opened (cuInit gives {status})"
    return None


if __name__ == "__main__":
    main()
