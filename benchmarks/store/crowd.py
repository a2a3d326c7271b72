"""Many workers at once: processes, each with threads, that start together and count what they do."""

from __future__ import annotations

import ctypes
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from multiprocessing.synchronize import Barrier

Work = Callable[[str, int], Iterator[float]]
"""``(url, worker)`` -> first 0, once the worker is ready to begin, and then again and again what it did."""

WARM = 0.4
READY_S = 240.0
GRACE_S = 5.0


def run(work: Work, url: str, *, processes: int, threads: int, seconds: float) -> float:
    """Done per second by ``processes * threads`` workers over ``seconds``.

    They begin once all are ready, and are counted after ``WARM`` as much again: each builds its statements
    at their first use. What a worker has begun but not yielded counts as nothing, and a worker that is still
    in the midst of something ``GRACE_S`` after the end is killed: a measurement ends in time, however slow
    what it measures is.

    Args:
        work: A function of a module, so that it can be sent to another process.

    Raises:
        RuntimeError: A process ended with an error before the end.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes * threads + 1)
    done: SynchronizedArray[float] = context.Array(ctypes.c_double, processes * threads)
    over: Synchronized[bool] = context.Value(ctypes.c_bool, False)
    crowd = [
        context.Process(target=_process, args=(work, url, i * threads, threads, barrier, done, over))
        for i in range(processes)
    ]
    for process in crowd:
        process.start()
    try:
        barrier.wait(timeout=READY_S)
        time.sleep(WARM * seconds)
        before, began = sum(done[:]), time.monotonic()
        time.sleep(seconds)
        rate = (sum(done[:]) - before) / (time.monotonic() - began)
        failed = [process for process in crowd if process.exitcode]
        over.value = True
        for process in crowd:
            process.join(timeout=max(began + seconds + GRACE_S - time.monotonic(), 0))
    except threading.BrokenBarrierError:
        raise RuntimeError(f"not all of {processes} processes became ready; see above") from None
    finally:
        for process in crowd:
            process.kill()
            process.join()
    if failed:
        raise RuntimeError(f"{len(failed)} of {processes} processes ended with an error; see above")
    return rate


def _process(
    work: Work,
    url: str,
    first: int,
    threads: int,
    barrier: Barrier,
    done: SynchronizedArray[float],
    over: Synchronized[bool],
) -> None:
    failures: list[Exception] = []

    def one(worker: int) -> None:
        try:
            steps = work(url, worker)
            next(steps)
            barrier.wait(timeout=READY_S)
            for step in steps:
                done[worker] += step
                if over.value:
                    break
        except Exception as error:
            failures.append(error)
            barrier.abort()

    crew = [threading.Thread(target=one, args=(first + i,)) for i in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if failures:
        raise failures[0]
