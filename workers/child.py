"""The trainer child as the worker sees it: a process, a socket to talk over, and the text it prints."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from workers.protocol import LINE_MAX_BYTES, REPLY, Crashed, Done, Loaded, Order, Reply

TRAINER = (sys.executable, "-P", "-m", "workers.trainer")
"""The trainer's command; the number of the inherited socket follows."""

TICK_S = 0.25
"""How long the worker listens before it looks after its lease again."""

CHUNK_BYTES = 1024 * 1024
TAIL_LINES = 20
TEXT_MAX = 2000
EXIT_S = 2.0


class ChildDied(Exception):  # noqa: N818 - the reason says what kind of error it is
    """The trainer child is gone, hung or talks nonsense: why, and the last text it printed."""

    def __init__(self, reason: str, tail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tail = tail


class Child:
    """One trainer child in a session of its own, so that it and all it started can be killed together.

    Args:
        folder: Working directory, already there.
        environ: Its whole environment (``workers.environment.child_environment``).
        stall_s: Seconds without a reply while one is due after which it counts as hung.
        command: Program and arguments.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        stall_s: float,
        command: Sequence[str] = TRAINER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                cwd=folder,
                env=dict(environ),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._process.stderr is not None
        self._socket = ours
        self._stderr = self._process.stderr
        os.set_blocking(self._stderr.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._received = bytearray()
        self._text = b""
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._stall_s = stall_s
        self._clock = clock
        self.loaded: str | None = None
        """What the child has loaded, as its owner names it; the child itself doesn't look at it."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, order: Order) -> None:
        """Send an order.

        Raises:
            ChildDied: Nobody reads it.
        """
        try:
            self._socket.sendall(order.model_dump_json().encode() + b"\n")
        except OSError:
            raise self._died() from None

    def replies(self, *, tick: Callable[[], None], log: Callable[[str], None]) -> Iterator[Reply]:
        """Replies to the last order, up to the one that ends it (``Loaded``, ``Done`` or ``Crashed``).

        Args:
            tick: Called several times a second; what it raises passes through.
            log: Given each line of text that the user's code printed.

        Raises:
            ChildDied: It ended, hung, or sent something that is no reply.
        """
        heard_at = self._clock()
        while True:
            tick()
            for key, _ in self._selector.select(TICK_S):
                if key.fileobj is self._stderr:
                    self._read_text(log)
                else:
                    self._receive()
            while (line := self._line()) is not None:
                heard_at = self._clock()
                reply = self._reply(line)
                yield reply
                heard_at = self._clock()
                if isinstance(reply, Loaded | Done | Crashed):
                    self._read_text(log)
                    return
            if self._clock() - heard_at > self._stall_s:
                raise ChildDied(f"the trainer was silent for {self._stall_s:g} s", "\n".join(self._tail))

    def kill(self) -> None:
        """Kill it with all processes of its session, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        self._socket.close()
        self._stderr.close()

    def _receive(self) -> None:
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            raise self._died()
        self._received += chunk
        if len(self._received) > LINE_MAX_BYTES and b"\n" not in self._received:
            raise ChildDied("the trainer sent a line without end", "\n".join(self._tail))

    def _line(self) -> bytes | None:
        end = self._received.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def _reply(self, line: bytes) -> Reply:
        try:
            return REPLY.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ChildDied(f"the trainer sent no valid reply ({where}: {first['msg']})", "") from None

    def _read_text(self, log: Callable[[str], None]) -> None:
        try:
            chunk = os.read(self._stderr.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._stderr)
            return
        *lines, self._text = (self._text + chunk).split(b"\n")
        self._text = self._text[-TEXT_MAX:]
        for raw in lines:
            line = raw.decode(errors="replace").replace("\0", "").rstrip()[:TEXT_MAX]
            self._tail.append(line)
            log(line)

    def _died(self) -> ChildDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_S)  # the socket closes a moment before the process has its status
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        with contextlib.suppress(ValueError, OSError):
            self._read_text(lambda line: None)
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return ChildDied(f"the trainer {how}", "\n".join(self._tail))
