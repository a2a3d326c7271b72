"""Long work beside the lease: in a thread, while the worker goes on looking after what it holds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

PAUSE_S = 0.1


class Stopped(Exception):  # noqa: N818 - not an error: nobody wants the work any more
    """The work was given up."""


class Errand:
    """What work in the background is handed: it says how far it is, and asks whether to go on."""

    def __init__(self) -> None:
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.stopping = threading.Event()

    def say(self, line: str) -> None:
        """Put a line into the job's log."""
        self.lines.put(line)

    def check(self) -> None:
        """Go on, or raise.

        Raises:
            Stopped: Nobody waits any more.
        """
        if self.stopping.is_set():
            raise Stopped

    def pause(self) -> None:
        """Wait a moment; raises likewise."""
        self.stopping.wait(PAUSE_S)
        self.check()


class _Outcome(Generic[T]):
    value: T
    error: BaseException | None = None


def attend(work: Callable[[Errand], T], *, tick: Callable[[], None], log: Callable[[str], None]) -> T:
    """Run ``work`` in a thread, and call ``tick`` several times a second until it ends.

    Args:
        work: Must call the errand's ``check`` or ``pause`` often.
        tick: What it raises stops the work, is waited for, and passes through.
        log: Given each line the work says, here.

    Returns:
        What ``work`` returns; what it raises passes through.
    """
    errand = Errand()
    outcome: _Outcome[T] = _Outcome()

    def run() -> None:
        try:
            outcome.value = work(errand)
        except (
            BaseException
        ) as error:  # the thread's end: whatever went wrong is raised where it is waited for
            outcome.error = error

    thread = threading.Thread(target=run, name="errand")
    thread.start()
    try:
        while thread.is_alive():
            tick()
            _say(errand, log)
            thread.join(PAUSE_S)
        _say(errand, log)
    finally:
        errand.stopping.set()
        thread.join()
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def _say(errand: Errand, log: Callable[[str], Any]) -> None:
    while not errand.lines.empty():
        log(errand.lines.get())
