"""What a supervisor is told: the command, the layers it runs in, the paths it may use, its limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one trainer child and all it starts may use together. Every field is a setting of the worker.

    Attributes:
        memory_mb: Memory, shared memory included, in MiB.
        processes: Processes at a time.
        threads: Threads of all processes at a time.
        cpu_s: Seconds of CPU time of all processes together; 0 is no limit.
        disk_mb: Bytes in the folders it may write, in MiB.
        files: Files and folders in them.
    """

    memory_mb: int
    processes: int
    threads: int
    cpu_s: int
    disk_mb: int
    files: int


@dataclass(frozen=True)
class Layers:
    """The layers of isolation to put around a child.

    Attributes:
        uid: Account to run as, None for the worker's own. Its group has the same number.
        landlock: Files by an allow-list, enforced by the kernel.
        seccomp: No network sockets, no system calls that reach other processes or the kernel.
        bwrap: Path of a bubblewrap that works here, None without.
    """

    uid: int | None = None
    landlock: bool = False
    seccomp: bool = False
    bwrap: str | None = None


@dataclass(frozen=True)
class Plan:
    """One child to start.

    Attributes:
        command: Program and arguments.
        python: The interpreter that enters the layers inside bubblewrap; the worker's own, because the
            command's may have been installed at the wish of a task.
        environ: The whole environment.
        cwd: Working folder.
        talk: Number of the socket that the child inherits.
        writable: Folders it may write.
        readable: Files and folders it may read and execute.
        listable: Folders whose names it may list, but not read.
        devices: Device files it may use.
        network: Whether it may use the network.
    """

    command: list[str]
    python: str
    environ: dict[str, str]
    cwd: str
    talk: int
    writable: list[str]
    readable: list[str]
    listable: list[str]
    devices: list[str]
    network: bool
    layers: Layers
    limits: Limits

    def json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str | bytes) -> Plan:
        told: dict[str, Any] = json.loads(text)
        layers, limits = Layers(**told.pop("layers")), Limits(**told.pop("limits"))
        return cls(**told, layers=layers, limits=limits)


@dataclass(frozen=True)
class Verdict:
    """How a child ended, as the supervisor tells it.

    Attributes:
        status: Exit status; negative: the signal that killed it. None if it was ended from outside.
        limit: Name of the limit it exceeded (a field of ``Limits``), None if none.
        used, allowed: In the unit of that limit.
        lapsed: Whether it was ended because its worker was silent for too long.
        left: Processes that could not be ended.
    """

    status: int | None
    limit: str | None = None
    used: float = 0
    allowed: float = 0
    lapsed: bool = False
    left: list[int] = field(default_factory=list)

    def json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str | bytes) -> Verdict:
        told: Mapping[str, Any] = json.loads(text)
        return cls(**told)
