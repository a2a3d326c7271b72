"""Drives a real trainer child over a socket pair, as a worker does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from lrtune.wire import OptimizerSpec, Setting
from workers.protocol import (
    REPLY,
    Continue,
    Crashed,
    Done,
    Finished,
    Lane,
    Load,
    Loaded,
    Message,
    Reply,
    Reports,
    Sweep,
    Swept,
    Train,
    Working,
)

ROOT = Path(__file__).parents[2]
Judge = Callable[[Reports], list[int]]


class Failed(AssertionError):  # noqa: N818 - carries the child's own error
    """The child answered ``Crashed``."""

    def __init__(self, crashed: Crashed) -> None:
        super().__init__(crashed.error.model_dump_json(indent=1))
        self.error = crashed.error


class Trained:
    """What the child told of a ``Train`` order: reports by lane, ends by lane, in order of arrival."""

    def __init__(self) -> None:
        self.curves: dict[int, list[dict[str, float | None]]] = {}
        self.rates: dict[int, list[float]] = {}
        self.ends: dict[int, Finished] = {}
        self.rounds: list[list[int]] = []


class Trainer:
    """A child process and the worker's end of its socket."""

    def __init__(self, *, stderr: Path | None = None) -> None:
        ours, theirs = socket.socketpair()
        self._log = open(stderr, "wb") if stderr else None  # noqa: SIM115 - closed in __exit__
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.trainer", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self._socket = ours
        self._lines = ours.makefile("rb")

    def __enter__(self) -> Trainer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        if self._log:
            self._log.close()

    def tell(self, order: Message) -> None:
        self._socket.sendall(order.model_dump_json().encode() + b"\n")

    def hear(self) -> Reply:
        """The next reply that is not a mere sign of life."""
        while True:
            line = self._lines.readline()
            assert line, f"the child has gone (exit {self.process.poll()})"
            reply = REPLY.validate_json(line)
            if isinstance(reply, Crashed):
                raise Failed(reply)
            if not isinstance(reply, Working):
                return reply

    def load(
        self,
        folder: Path,
        entry: str,
        *,
        optimizer: OptimizerSpec | None = None,
        params: dict[str, object] | None = None,
        batch_size: int | None = None,
        **more: Any,
    ) -> Loaded:
        self.tell(
            Load(
                folder=str(folder),
                entry=entry,
                params=params or {},
                optimizer=optimizer or OptimizerSpec(),
                batch_size=batch_size,
                device="cpu",
                threads=1,
                **more,
            )
        )
        reply = self.hear()
        assert isinstance(reply, Loaded)
        return reply

    def sweep(self, lrs: list[float], seeds: list[int], **how: Any) -> dict[int, list[float | None]]:
        self.tell(Sweep(lrs=lrs, seeds=seeds, **how))
        curves = {}
        while not isinstance(reply := self.hear(), Done):
            assert isinstance(reply, Swept)
            curves[reply.seed] = reply.loss
        return curves

    def train(self, lanes: list[Lane], *, metric: str = "loss", judge: Judge = lambda _: []) -> Trained:
        self.tell(Train(lanes=lanes, metric=metric))
        told = Trained()
        while not isinstance(reply := self.hear(), Done):
            if isinstance(reply, Finished):
                assert reply.number not in told.ends
                told.ends[reply.number] = reply
                continue
            assert isinstance(reply, Reports)
            told.rounds.append([row.number for row in reply.rows])
            for row in reply.rows:
                told.curves.setdefault(row.number, []).append(row.report.values)
                told.rates.setdefault(row.number, []).append(row.report.lr)
            self.tell(Continue(stop=judge(reply)))
        return told

    def leave(self) -> int:
        """Let the child leave; returns its exit status."""
        self._socket.shutdown(socket.SHUT_WR)
        return self.process.wait(timeout=60)


def lane(
    number: int,
    lr: float = 1e-3,
    *,
    schedule: str = "constant",
    seed: int = 0,
    epochs: int = 2,
    **params: float,
) -> Lane:
    """A lane with a setting of this schedule."""
    setting = Setting(schedule=schedule, initial_lr=lr, params=params)
    return Lane(number=number, setting=setting, seed=seed, epochs=epochs)
