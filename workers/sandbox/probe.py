"""Finds the strongest isolation that works on this machine, by trying it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lrtune.wire import Isolation
from workers.sandbox import account, landlock, seccomp
from workers.sandbox.folder import Folder
from workers.sandbox.plan import Layers, Limits
from workers.sandbox.sandbox import Sandbox
from workers.sandbox.supervised import Supervised

PROMISES: Mapping[Isolation, tuple[str, ...]] = {
    Isolation.PROCESS: (),
    Isolation.USER: ("memory", "signals", "private files"),
    Isolation.LANDLOCK: ("other files", "writing", "network", "system calls"),
    Isolation.BUBBLEWRAP: ("Unix sockets", "processes"),
}
"""What each level keeps out of reach beyond the level below it, by the names of ``check``."""

ANSWER_S = 60.0
SHORT_BYTES = 72
"""Of a folder's path: a socket two levels below it then stays under the 104 bytes that any system allows."""

ROOM = Limits(memory_mb=4096, processes=64, threads=1024, cpu_s=0, disk_mb=64, files=1000)
"""What a probe may use."""


def probe(
    *,
    environ: Mapping[str, str],
    private: Sequence[Path],
    gpu: bool,
    which: Callable[[str], str | None] = shutil.which,
) -> Sandbox:
    """The strongest sandbox that a child can work in here, and what keeps it from being stronger.

    Args:
        environ: The worker's environment.
        private: Files and folders of the server that a task must not read.
        gpu: Whether children train on a GPU.
        which: Finds a program on the path.
    """
    reasons: list[str] = []
    for layers in _candidates(which, reasons):
        guards, lacks = _try(layers, environ=environ, private=private, gpu=gpu)
        if lacks is None:
            level = _level(guards)
            if level is not Isolation.BUBBLEWRAP:
                reasons += _failing(guards, level)
            return Sandbox(layers, level, tuple(reasons), gpu=gpu)
        reasons.append(f"{_named(layers)} cannot be used here: {lacks}")
    return Sandbox(Layers(), Isolation.PROCESS, tuple(reasons), gpu=gpu)


def _candidates(which: Callable[[str], str | None], reasons: list[str]) -> list[Layers]:
    """What could work, strongest first; ``reasons`` gets what cannot."""
    if sys.platform != "linux":
        reasons.append("only Linux has the means for more than a process of its own")
        return [Layers()]
    ruled, filtered = landlock.version() > 0, seccomp.available()
    if not ruled:
        reasons.append("this kernel has no Landlock, or does not enable it (Linux 5.13 and later can)")
    if not filtered:
        reasons.append("this kernel or machine has no seccomp filters")
    bwrap = which("bwrap")
    if bwrap is None:
        reasons.append("bubblewrap is not installed (package bubblewrap)")
    uid = account.free() if os.geteuid() == 0 else None
    if uid is None:
        reasons.append("an account of its own needs a worker that is started as root")
    found = [
        Layers(uid=own, landlock=ruled, seccomp=filtered, bwrap=wrap)
        for own in dict.fromkeys((uid, None))
        for wrap in dict.fromkeys((bwrap, None))
    ]
    return [*found, Layers(uid=uid), Layers()]


def _try(
    layers: Layers, *, environ: Mapping[str, str], private: Sequence[Path], gpu: bool
) -> tuple[dict[str, bool], str | None]:
    """Which guards hold inside the layers, and what a training lacks there."""
    sandbox = Sandbox(layers, Isolation.PROCESS, (), gpu=gpu)
    with (
        contextlib.closing(Folder(layers.uid)) as folder,
        tempfile.TemporaryDirectory(prefix="lrtune-", dir=_short()) as around,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        # Open to every account, so that what keeps a task out is the sandbox.
        os.chmod(around, 0o755)
        outside, door = Path(around, "file"), os.path.join(around, "socket")
        outside.touch()
        listener.bind(door)
        listener.listen()
        for path in (outside, door):
            os.chmod(path, 0o666)
        asked = {
            "worker": os.getpid(),
            "private": [str(path) for path in private if path.exists()],
            "outside": str(outside),
            "socket": door,
            "gpu": gpu,
        }
        command = (sys.executable, "-P", "-m", "workers.sandbox.check", json.dumps(asked))
        child = Supervised(sandbox.plan(folder, command, environ=environ, threads=1, limits=ROOM))
        try:
            answer = _hear(child.talk)
        finally:
            verdict = child.verdict() if not answer else None
            text = os.read(child.text.fileno(), 4096) if verdict else b""
            child.end()
    if not answer:
        said = text.decode(errors="replace").strip().splitlines()
        return {}, said[-1] if said else f"the probe ended with status {verdict and verdict.status}"
    told = json.loads(answer)
    return told["guards"], told["lacks"]


def _short() -> str:
    """A folder for temporary files in which the path of a socket is not too long to be bound."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= SHORT_BYTES else "/tmp"


def _hear(talk: socket.socket) -> bytes:
    heard = b""
    while select.select([talk], [], [], ANSWER_S)[0] and (chunk := talk.recv(65_536)):
        heard += chunk
    return heard


def _level(guards: Mapping[str, bool]) -> Isolation:
    reached = Isolation.PROCESS
    for level, promised in PROMISES.items():
        if not all(guards[name] for name in promised):
            break
        reached = level
    return reached


def _failing(guards: Mapping[str, bool], level: Isolation) -> list[str]:
    """What the next level promises and does not hold."""
    after = list(Isolation)[level.rank + 1]
    open_ = [name for name in PROMISES[after] if not guards[name]]
    return [f"level {after} keeps {', '.join(open_)} out of reach, which the layers here do not"]


def _named(layers: Layers) -> str:
    names = {
        "an account of its own": layers.uid is not None,
        "Landlock": layers.landlock,
        "seccomp": layers.seccomp,
        "bubblewrap": layers.bwrap is not None,
    }
    return " + ".join(name for name, there in names.items() if there) or "a process of its own"
