"""The isolation that a worker gives its children."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lrtune.wire import Isolation
from workers.environment import child_environment
from workers.sandbox.folder import Folder
from workers.sandbox.places import places
from workers.sandbox.plan import Layers, Limits, Plan


@dataclass(frozen=True)
class Sandbox:
    """Layers that work here, and the level they were seen to reach (``probe``).

    Attributes:
        missing: Sentences on what keeps it from being stronger.
        gpu: Whether children may use the GPU's devices.
    """

    layers: Layers
    level: Isolation
    missing: tuple[str, ...]
    gpu: bool

    def plan(
        self,
        folder: Folder,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        threads: int,
        limits: Limits,
        network: bool = False,
        readable: Sequence[Path] = (),
    ) -> Plan:
        """A child to start.

        Args:
            folder: Its folders.
            command: Interpreter and arguments.
            environ: The worker's environment; the child gets a part of it.
            threads: CPU threads of its numerics.
            limits: What it may use.
            network: Whether it may use the network.
            readable: Paths it may read beside its task, the interpreter and the system's libraries.
        """
        told = child_environment(environ, home=folder.home, temporary=folder.temporary, threads=threads)
        more = [str(path) for path in (folder.task, folder.resumed, *readable)]
        found = places(command[0], told, more=more, gpu=self.gpu)
        return Plan(
            command=list(command),
            python=sys.executable,
            environ=told,
            cwd=str(folder.home),
            talk=-1,
            writable=[str(folder.home), str(folder.temporary), str(folder.saved), "/dev/shm"],
            readable=found.readable,
            listable=found.listable,
            devices=found.devices,
            network=network,
            layers=self.layers,
            limits=limits,
        )
