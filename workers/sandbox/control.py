"""The supervisor's end of the socket to its worker."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import time
from collections.abc import Callable

from workers.sandbox.plan import Plan, Verdict

CHUNK_BYTES = 65_536


class Control:
    """What the worker says: a plan, and then, a line each, for how many seconds the child may go on without
    another word. A worker that hangs loses its child by that; one that closes its end wants the child's end.

    Args:
        number: File descriptor of the socket.
        clock: Monotonic seconds.
    """

    def __init__(self, number: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._socket = socket.socket(fileno=number)
        self._socket.set_inheritable(False)
        self._clock = clock
        self._received = b""
        self._until = math.inf

    def fileno(self) -> int:
        return self._socket.fileno()

    def plan(self) -> Plan | None:
        """The child to start; None if the worker is gone before it said so."""
        while b"\n" not in self._received:
            chunk = self._socket.recv(CHUNK_BYTES)
            if not chunk:
                return None
            self._received += chunk
        line, received = self._received.split(b"\n", 1)
        self._received = b""
        self._take(received)
        return Plan.parse(line)

    def hear(self) -> bool:
        """Take in what has come; False if the worker closed its end. Blocks if nothing has."""
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except OSError:
            return False
        self._take(chunk)
        return bool(chunk)

    def _take(self, chunk: bytes) -> None:
        *lines, self._received = (self._received + chunk).split(b"\n")
        if lines:
            self._until = self._clock() + float(json.loads(lines[-1]))

    @property
    def lapsed(self) -> bool:
        """Whether the worker has been silent for longer than it said."""
        return self._clock() > self._until

    def tell(self, verdict: Verdict) -> None:
        """Send the verdict, if anybody still reads it."""
        with contextlib.suppress(OSError):
            self._socket.sendall(verdict.json().encode() + b"\n")
