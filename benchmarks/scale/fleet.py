"""Many workers in few processes: the worker's own loop, with a trainer child that sleeps."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lrtune.wire import Isolation, Report, TrialState
from store import Database, jobs, tasks
from store.units import Lease
from workers.facts import facts
from workers.job_log import JobLog
from workers.keeper import Keeper
from workers.protocol import Done, Finished, LaneReport, Order, Reply, Reports, Train
from workers.settings import Settings
from workers.work import Work
from workers.worker import Worker

TICK_S = 1.0
STEPS_PER_EPOCH = 100


@dataclass(frozen=True)
class Cycle:
    """A unit as its worker saw it.

    Attributes:
        ended_at: By the machine's monotonic clock.
        took_s: Since the unit before it had ended.
        trained_s: Of this, what its trainings take.
    """

    ended_at: float
    took_s: float
    trained_s: float


@dataclass
class SleepingChild:
    """In place of ``workers.child.Child``: reports after each epoch, and sleeps meanwhile.

    Attributes:
        trial_s: What one trial takes of the worker's time; those of a unit are trained side by side, so each
            epoch takes as long as one epoch of all of them.
    """

    trial_s: float
    loaded: str | None = None
    trained_s: float = 0.0
    _order: Train | None = None

    def hold(self, left_s: float) -> None:
        """Nothing of it outlives the worker."""

    def send(self, order: Order) -> None:
        if isinstance(order, Train):
            self._order = order

    def replies(self, *, tick: Callable[[], None], log: Callable[[str], None]) -> Iterator[Reply]:
        assert self._order is not None
        lanes = self._order.lanes
        epochs = lanes[0].epochs
        epoch_s = self.trial_s * len(lanes) / epochs
        for epoch in range(1, epochs + 1):
            until = time.monotonic() + epoch_s
            while (left := until - time.monotonic()) > 0:
                tick()
                time.sleep(min(left, TICK_S))
            values: dict[str, float | None] = {"train_loss": 1 / epoch, "loss": 1 / epoch}
            step = epoch * STEPS_PER_EPOCH
            self.trained_s += epoch_s
            report = Report(epoch=epoch, step=step, lr=0.01, values=values)
            yield Reports(rows=[LaneReport(number=lane.number, report=report) for lane in lanes])
        for lane in lanes:
            yield Finished(number=lane.number, state=TrialState.COMPLETE, value=1 / epochs)
        yield Done()


@dataclass(frozen=True)
class _NoSandbox:
    level: Isolation = Isolation.PROCESS


class SleepingWorker(Worker):
    """A worker with a ``SleepingChild``; whatever it says to the database is what a worker says."""

    def __init__(self, database: Database, *, name: str, trial_s: float, cycles: list[Cycle]) -> None:
        super().__init__(
            Settings(database.address.url.render_as_string(hide_password=False), checkpoints_limit_gb=0),
            database,
            sandbox=_NoSandbox(),  # type: ignore[arg-type]
            identity=name,
            host="simulated",
            environ={},
            stopping=threading.Event(),
        )
        self._trial_s = trial_s
        self._cycles = cycles
        self._ended_at = time.monotonic()
        self._sleeper = SleepingChild(trial_s)

    def _work(self, lease: Lease) -> None:
        super()._work(lease)
        now = time.monotonic()
        trained_s, self._sleeper.trained_s = self._sleeper.trained_s, 0.0
        self._cycles.append(Cycle(now, now - self._ended_at, trained_s))
        self._ended_at = now

    def _follow(self, keeper: Keeper) -> None:
        if keeper.lease.kind == "plan":
            # All trials of the job are trained, and what planning costs is another question.
            keeper.write(lambda tx: jobs.cancel(tx, keeper.lease.job))
        else:
            super()._follow(keeper)

    def _prepare(self, keeper: Keeper) -> Work:
        job = keeper.read(lambda tx: jobs.get(tx, keeper.lease.job))
        keeper.read(lambda tx: tasks.get(tx, f"{job.task}@{job.task_version}"))
        keeper.read(lambda tx: facts(tx, job.id))
        self._sleeper.loaded = job.id
        work: Any = (
            job,
            keeper,
            self._sleeper,
            None,
            JobLog(keeper),
            None,
            self._checkpoints,
            self._settings,
        )
        return Work(*work)


@dataclass
class Fleet:
    """Processes of workers, each worker a thread with a connection of its own."""

    processes: list[Any]
    cycles: Any
    over: Any
    found: list[Cycle] = field(default_factory=list)

    def end(self) -> list[Cycle]:
        """End it; all units that it finished."""
        self.over.set()
        for _ in self.processes:
            self.found += self.cycles.get(timeout=120)
        for process in self.processes:
            process.kill()
            process.join()
        return self.found


def start(url: str, *, workers: int, processes: int, trial_s: float, ramp_s: float) -> Fleet:
    """Start workers, evenly over ``ramp_s``."""
    context = multiprocessing.get_context("spawn")
    cycles: Any = context.Queue()
    over = context.Event()
    crowd = []
    for i in range(processes):
        count = workers * (i + 1) // processes - workers * i // processes
        given = (url, i, count, trial_s, ramp_s, cycles, over)
        crowd.append(context.Process(target=_process, args=given, daemon=True))
    for process in crowd:
        process.start()
    return Fleet(crowd, cycles, over)


def _process(url: str, number: int, count: int, trial_s: float, ramp_s: float, out: Any, over: Any) -> None:
    cycles: list[Cycle] = []
    threading.stack_size(512 * 1024)
    first = Database(url)
    first.ping()

    def one(index: int) -> None:
        database = Database(url)
        # Each worker has connections of its own, but compiling the same statements for each, on the same CPU,
        # is what no fleet does.
        database.engine.dialect = first.engine.dialect
        database.engine._compiled_cache = first.engine._compiled_cache
        time.sleep(ramp_s * index / count)
        name = f"sim-{number}-{index}"
        SleepingWorker(database, name=name, trial_s=trial_s, cycles=cycles).run()

    for index in range(count):
        threading.Thread(target=one, args=(index,), daemon=True).start()
    over.wait()
    out.put(cycles)
