"""The trainer child as the worker sees it: a socket to talk over, and the text it prints."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NoReturn

from pydantic import ValidationError

from lrtune.wire import JobError
from workers.limits import LimitExceeded
from workers.protocol import LINE_MAX_BYTES, REPLY, Crashed, Done, Loaded, Order, Reply
from workers.sandbox.plan import MB, Plan
from workers.sandbox.supervised import Supervised

TICK_S = 0.25
"""How long the worker listens before it looks after its lease again."""

HOLD_EVERY_S = 1.0
CHUNK_BYTES = 1024 * 1024
TAIL_LINES = 20
TEXT_MAX = 2000


class ChildDied(Exception):  # noqa: N818 - the reason says what kind of error it is
    """The trainer child is gone, hung or talks nonsense: why, and the last text it printed."""

    code = "trainer_died"
    remedy = (
        "If it was killed, the machine may have run out of memory: make the model or the batch smaller. "
        "The last lines it printed are in the traceback."
    )

    def __init__(self, reason: str, tail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tail = tail

    def error(self, times: int = 1) -> JobError:
        """The error of a task that has cost so many children."""
        often = f", {times} times in the same place" if times > 1 else ""
        detail = f"{self.reason[0].upper()}{self.reason[1:]}{often}."
        return JobError(code=self.code, detail=detail, remedy=self.remedy, traceback=self.tail or None)


class ChildStalled(ChildDied):
    """The trainer child is alive and says nothing."""

    code = "trainer_stalled"
    remedy = (
        "Look for code that waits for something that never comes. If a single step takes so long, "
        "make it shorter, or ask the worker's operator to raise LRTUNE_STALL_S."
    )


class Lapsed(Exception):  # noqa: N818 - not the task's error: the worker was held up
    """The trainer child was ended, because the worker had been silent for longer than its lease."""


class Child:
    """One trainer child behind its supervisor, so that it and all it started end together.

    Args:
        plan: What to start, and in which layers (``Sandbox.plan``).
        stall_s: Seconds without a reply while one is due after which it counts as hung.
        unit_s: Seconds that the answer to one order may take.
        log_mb: MiB of text that it may print.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        stall_s: float,
        unit_s: float,
        log_mb: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._process = Supervised(plan)
        self._selector = selectors.DefaultSelector()
        for source in (self._process.talk, self._process.text, self._process.control):
            self._selector.register(source, selectors.EVENT_READ)
        self._received = bytearray()
        self._looked_through = 0
        self._text = b""
        self._printed = 0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._stall_s = stall_s
        self._unit_s = unit_s
        self._log_mb = log_mb
        self._clock = clock
        self._held_at = float("-inf")
        self.loaded: str | None = None
        """What the child has loaded, as its owner names it; the child itself doesn't look at it."""

    @property
    def supervisor(self) -> int:
        """Process id of its supervisor."""
        return self._process.pid

    def hold(self, left_s: float) -> None:
        """Let it go on for so many seconds without another word: then its supervisor ends it, and so it does
        not outlive its lease even if the worker hangs. Cheap to call often.
        """
        now = self._clock()
        if now - self._held_at >= HOLD_EVERY_S:
            self._held_at = now
            self._process.hold(left_s)

    def send(self, order: Order) -> None:
        """Send an order.

        Raises:
            ChildDied: Nobody reads it.
            LimitExceeded: It was ended over one of its limits.
            Lapsed: It was ended, because the worker had been silent for too long.
        """
        try:
            self._process.talk.sendall(order.model_dump_json().encode() + b"\n")
        except OSError:
            self._died()

    def replies(self, *, tick: Callable[[], None], log: Callable[[str], None]) -> Iterator[Reply]:
        """Replies to the last order, up to the one that ends it (``Loaded``, ``Done`` or ``Crashed``).

        Args:
            tick: Called several times a second; what it raises passes through.
            log: Given each line of text that the user's code printed.

        Raises:
            ChildDied: It ended, hung, or sent something that is no reply.
            LimitExceeded: It used more than it may.
            Lapsed: The worker had been silent for too long.
        """
        begun_at = heard_at = self._clock()
        over = False
        while True:
            tick()
            ready = [key.fileobj for key, _ in self._selector.select(TICK_S)]
            if self._process.text in ready:
                self._read_text(log)
            if self._process.talk in ready:
                self._receive()
            elif over:
                self._died()
            if self._process.control in ready:
                # The supervisor has ended them all. What the child said before is still to be read.
                self._selector.unregister(self._process.control)
                over = True
            while (line := self._line()) is not None:
                heard_at = self._clock()
                reply = self._reply(line)
                yield reply
                heard_at = self._clock()
                if isinstance(reply, Loaded | Done | Crashed):
                    self._read_text(log)
                    return
            now = self._clock()
            if now - begun_at > self._unit_s:
                raise LimitExceeded("unit_s", now - begun_at, self._unit_s)
            if now - heard_at > self._stall_s:
                raise ChildStalled(f"the trainer was silent for {self._stall_s:g} s", "\n".join(self._tail))

    def kill(self) -> list[int]:
        """End it with all that it started, and wait until that is gone.

        Returns:
            Processes that are still there after some seconds, held up in the kernel.
        """
        verdict = self._process.end()
        self._selector.close()
        return verdict.left

    def _receive(self) -> None:
        try:
            chunk = self._process.talk.recv(CHUNK_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            self._died()
        self._received += chunk
        if len(self._received) > LINE_MAX_BYTES and b"\n" not in chunk:  # whole lines before it are taken out
            raise ChildDied("the trainer sent a line without end", "\n".join(self._tail))

    def _line(self) -> bytes | None:
        end = self._received.find(b"\n", self._looked_through)
        if end < 0:
            self._looked_through = len(self._received)
            return None
        self._looked_through = 0
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
            chunk = os.read(self._process.text.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._process.text)
            return
        self._printed += len(chunk)
        if self._printed > self._log_mb * MB:
            raise LimitExceeded("log_mb", self._printed / MB, self._log_mb)
        *lines, self._text = (self._text + chunk).split(b"\n")
        self._text = self._text[-TEXT_MAX:]
        for raw in lines:
            line = raw.decode(errors="replace").replace("\0", "").rstrip()[:TEXT_MAX]
            self._tail.append(line)
            log(line)

    def _died(self) -> NoReturn:
        verdict = self._process.verdict()
        with contextlib.suppress(ValueError, OSError, LimitExceeded):
            self._read_text(lambda line: None)
        if verdict.limit is not None:
            raise LimitExceeded(verdict.limit, verdict.used, verdict.allowed)
        if verdict.lapsed:
            raise Lapsed
        status = verdict.status
        if status is None:
            how = "closed its end of the talk"
        elif status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"ended with status {status}"
        raise ChildDied(f"the trainer {how}", "\n".join(self._tail))
