"""A child behind its supervisor, as the worker holds it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
from typing import IO

from workers.sandbox import processes
from workers.sandbox.plan import Plan, Verdict

SUPERVISOR = (sys.executable, "-P", "-m", "workers.sandbox.supervisor")
PATIENCE_S = processes.END_S + 1.0


class Supervised:
    """One child that a supervisor starts, watches and ends with all it started.

    Args:
        plan: The child; the number of the socket it talks over is added to its command.

    Attributes:
        talk: Our end of that socket.
        text: What the child and all it starts print to standard error, a pipe that does not block.
        control: Becomes readable when the child has ended; then ask for the ``verdict``.
        pid: The supervisor's.
    """

    def __init__(self, plan: Plan) -> None:
        self.talk, theirs = socket.socketpair()
        self.control, control = socket.socketpair()
        with theirs, control:
            self._process = subprocess.Popen(
                [*SUPERVISOR, str(control.fileno())],
                cwd="/",
                env=plan.environ,
                pass_fds=[theirs.fileno(), control.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            talk = theirs.fileno()
        plan = dataclasses.replace(plan, talk=talk, command=[*plan.command, str(talk)])
        with contextlib.suppress(OSError):  # one that has died already says so by its status
            self.control.sendall(plan.json().encode() + b"\n")
        assert self._process.stderr is not None
        self.text: IO[bytes] = self._process.stderr
        os.set_blocking(self.text.fileno(), False)
        self.pid = self._process.pid
        self._uid = plan.layers.uid
        self._verdict: Verdict | None = None

    def hold(self, left_s: float) -> None:
        """Let the child go on for so many seconds without another word; before the first, for ever."""
        with contextlib.suppress(OSError):
            self.control.send(f"{left_s}\n".encode(), socket.MSG_DONTWAIT)

    def verdict(self) -> Verdict:
        """How the child ended; waits, some seconds at most, until the supervisor has ended all of it."""
        if self._verdict is None:
            self._verdict = self._wait()
        return self._verdict

    def end(self) -> Verdict:
        """End the child with all it started, wait until that is gone, and close what was held open."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)
        verdict = self.verdict()
        for held in (self.talk, self.control, self.text):
            held.close()
        return verdict

    def _wait(self) -> Verdict:
        self.control.settimeout(PATIENCE_S)
        line = b""
        with contextlib.suppress(OSError):
            while not line.endswith(b"\n") and (chunk := self.control.recv(65_536)):
                line += chunk
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_S)
        if self._process.returncode is None:
            self._process.kill()
        status = self._process.wait()
        if line.endswith(b"\n"):
            return Verdict.parse(line)
        # It was killed itself: by the machine when memory ran out, or by the task under the same account.
        return Verdict(status=status or None, left=self._sweep())

    def _sweep(self) -> list[int]:
        """End what a supervisor that was killed left behind: its orphans have become this process's."""
        left: list[int] = []
        for _ in range(100):
            left = [one.pid for one in processes.descendants(os.getpid()) if one.session != os.getsid(0)]
            if not left:
                break
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    os.waitpid(pid, 0)
        return left
