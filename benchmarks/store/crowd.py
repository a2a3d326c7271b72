"""Many workers at once: processes, each with threads, that start together and count what they did."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier

Work = Callable[[str, int, Callable[[], bool]], int]
"""``(url, worker, go_on)`` -> how much was done until ``go_on()`` said no."""


def run(work: Work, url: str, *, processes: int, threads: int, seconds: float) -> float:
    """Done per second by ``processes * threads`` workers over ``seconds``.

    Args:
        work: A function of a module, so that it can be sent to another process.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    out: multiprocessing.Queue[tuple[int, float]] = context.Queue()
    crowd = [
        context.Process(target=_process, args=(work, url, i, threads, seconds, barrier, out), daemon=True)
        for i in range(processes)
    ]
    for process in crowd:
        process.start()
    counts = [out.get(timeout=seconds + 300) for _ in crowd]
    for process in crowd:
        process.join()
    return sum(done for done, _ in counts) / max(elapsed for _, elapsed in counts)


def _process(
    work: Work,
    url: str,
    number: int,
    threads: int,
    seconds: float,
    barrier: Barrier,
    out: multiprocessing.Queue[tuple[int, float]],
) -> None:
    done: list[int] = []
    barrier.wait()
    start = time.monotonic()

    def go_on() -> bool:
        return time.monotonic() - start < seconds

    crew = [
        threading.Thread(target=lambda i=i: done.append(work(url, number * threads + i, go_on)))
        for i in range(threads)
    ]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    out.put((sum(done), time.monotonic() - start))
