"""The worker's loop: claim a unit, work on it, again; hand it back when told to stop."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from random import Random

from lrtune import logs, tracing
from lrtune.wire import JobError, Task
from store import Database, Tx, jobs, tasks, units, workers
from store.errors import DatabaseUnavailable, LeaseLost, SchemaError
from store.units import Lease
from workers import planning
from workers.checkpoints import Checkpoints
from workers.child import Child, ChildDied, Lapsed
from workers.facts import facts
from workers.job_log import JobLog
from workers.keeper import Cancelled, Drained, Keeper
from workers.limits import LimitExceeded
from workers.provision import Provision, Unprovided, provision
from workers.sandbox.folder import Folder
from workers.sandbox.sandbox import Sandbox
from workers.settings import Settings
from workers.starting import load_order, start
from workers.sweeping import sweep
from workers.training import train
from workers.work import JobEnded, Work

log = logging.getLogger("lrtune.worker")

IDLE_MIN_S = 0.1
IDLE_MAX_S = 1.0
POLLS_PER_S = 200
"""So often the idle workers of a fleet ask for work, all of them together: a new unit waits for the next of
them, and what the database spends on the idle does not grow with the fleet."""
AWAY_MAX_S = 10.0
LOOK_S = 2.0
"""So often a worker between units looks whether the job of its trainer child goes on."""
PAUSE_MIN_S = 10.0
"""So long at least a trainer waits for its worker's next word between units."""
DEATHS = 2
"""So often a unit may cost this worker its trainer child, or make it fail, before the job fails."""


def idle_max_s(fleet: int) -> float:
    """Longest pause between two polls of an idle worker, one of so many that are alive."""
    return max(IDLE_MAX_S, fleet / POLLS_PER_S)


class Worker:
    """One worker: at most one unit and one trainer child at a time.

    Args:
        settings: What it runs with; ``settings.device`` is resolved (not ``auto``).
        database: The store.
        sandbox: The isolation of its trainer children.
        identity: Its id, unique among all workers ever.
        host: Name of its machine, for people.
        environ: Its own environment; the child gets a part of it.
        stopping: Set by whoever wants it to stop at once.
        leaving: Set by whoever wants it to stop after the unit at hand.
        clock: Monotonic seconds.
        random: Spreads the polls of idle workers.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        sandbox: Sandbox,
        identity: str,
        host: str,
        environ: Mapping[str, str],
        stopping: threading.Event,
        leaving: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sandbox = sandbox
        self._identity = identity
        self._host = host
        self._environ = environ
        self._stopping = stopping
        self._leaving = leaving or threading.Event()
        self._clock = clock
        self._random = random or Random()
        self._fleet = 1
        self._started_at: datetime | None = None
        self._lease: Lease | None = None
        self._child: Child | None = None
        self._folder: Folder | None = None
        self._provision = Provision()
        self._checkpoints = Checkpoints(settings.checkpoints, round(settings.checkpoints_limit_gb * 2**30))
        self._deaths: dict[object, int] = {}
        self._seen_at = float("-inf")
        self._looked_at = float("-inf")

    def run(self) -> None:
        """Work until told to stop; a database that is away is waited for.

        Raises:
            SchemaError: The database has become another version's.
        """
        pause = IDLE_MIN_S
        try:
            while not (self._stopping.is_set() or self._leaving.is_set()):
                try:
                    self._let_go()
                    lease = self._claim()
                    if lease is None:
                        # Not all at the same moment, though they may all have run out of work together.
                        self._stopping.wait(pause * self._random.uniform(0.5, 1.0))
                        # A trainer that is kept is looked after, however large the fleet is.
                        longest = idle_max_s(self._fleet)
                        pause = min(pause * 1.5, longest if self._child is None else min(longest, LOOK_S))
                        continue
                    pause = IDLE_MIN_S
                    ids = {"worker": self._identity, "job": lease.job, "unit": lease.unit}
                    spanned = {f"lrtune.{name}": value for name, value in ids.items()}
                    with logs.about(**ids), tracing.span(f"{lease.kind} unit", **spanned):
                        self._work(lease)
                except SchemaError:
                    raise
                except DatabaseUnavailable as error:
                    log.warning("the database is away, trying again in %.0f s: %s", AWAY_MAX_S / 5, error)
                    self._stopping.wait(AWAY_MAX_S / 5)
        finally:
            self._drop_child()
            self._say_goodbye()

    def _claim(self) -> Lease | None:
        lease = units.claim(self._database, self._identity, lease_s=self._settings.lease_s)
        self._lease = lease
        if lease is not None or self._clock() - self._seen_at >= self._settings.lease_s / 3:
            with self._database.write() as tx:
                self._seen(tx)
                if lease is None:
                    self._fleet = workers.alive(tx, within_s=self._settings.lease_s)
        return lease

    def _seen(self, tx: Tx) -> None:
        self._started_at = self._started_at or tx.now()
        self._seen_at = self._clock()
        workers.seen(
            tx,
            id=self._identity,
            host=self._host,
            pid=os.getpid(),
            device=self._settings.device,
            version=version("lrtune"),
            started_at=self._started_at,
            lease_s=self._settings.lease_s,
            isolation=self._sandbox.level,
            unit=None if self._lease is None else str(self._lease.unit),
            job=None if self._lease is None else self._lease.job,
        )

    def _work(self, lease: Lease) -> None:
        log.info("job %s: %s unit %s, attempt %d", lease.job, lease.kind, lease.unit, lease.attempt)
        keeper = Keeper(
            self._database,
            lease,
            lease_s=self._settings.lease_s,
            stopping=self._stopping,
            seen=self._seen,
            clock=self._clock,
        )
        try:
            self._follow(keeper)
        except Drained:
            log.info("job %s: handing unit %s back", lease.job, lease.unit)
            self._drop_child()
            self._hand_back(keeper)
        except Cancelled:
            log.info("job %s was cancelled", lease.job)
            self._drop_child()
        except LeaseLost as error:
            log.warning("job %s: lost the lease of unit %s: %s", lease.job, lease.unit, error)
            self._drop_child()
        except JobEnded:
            log.info("job %s failed", lease.job)
            self._drop_child()
        except LimitExceeded as error:
            log.warning("job %s: %s", lease.job, error)
            self._drop_child()
            self._fail(keeper, error.error)
        except Lapsed:
            log.warning("job %s: held up for longer than the lease, and so without a trainer", lease.job)
            self._drop_child()
            self._hand_back(keeper)
        except ChildDied as error:
            log.warning("job %s: %s\n%s", lease.job, error.reason, error.tail)
            self._drop_child()
            self._again(keeper, error.error(DEATHS))
        except (DatabaseUnavailable, SchemaError):
            raise
        except Exception as error:  # one job's trouble must not take the worker from all others
            log.exception("job %s: the worker failed over unit %s", lease.job, lease.unit)
            self._drop_child()
            self._again(keeper, _stumbled(error))
        finally:
            self._lease = None

    def _follow(self, keeper: Keeper) -> None:
        match keeper.lease.kind:
            case "plan":
                view = keeper.read(lambda tx: planning.read(tx, keeper.lease.job))
                # A search of a thousand trials is planned for seconds.
                step = keeper.during(lambda: planning.next_step(view))

                def write(tx: Tx) -> None:
                    planning.apply(tx, view, step)
                    units.finish(tx, keeper.lease)

                keeper.write(write)
            case "range_test":
                sweep(self._prepare(keeper))
            case "train":
                train(self._prepare(keeper))
            case kind:
                raise LeaseLost(f"this version knows no {kind!r} units")

    def _prepare(self, keeper: Keeper) -> Work:
        """A trainer child for the unit's job: the one there is, if it has that job loaded."""
        job = keeper.read(lambda tx: jobs.get(tx, keeper.lease.job))
        task = keeper.read(lambda tx: tasks.get(tx, f"{job.task}@{job.task_version}"))
        log = JobLog(keeper)
        if self._child is None or self._child.loaded != job.id:
            self._drop_child()
            self._provision = self._provide(task, keeper, log)
            self._folder = Folder(self._sandbox.layers.uid)
            files = keeper.read(lambda tx: tasks.files(tx, job.task, job.task_version))
            self._child = start(
                files,
                self._folder,
                self._provision,
                self._sandbox,
                self._settings,
                self._environ,
                network=job.request.network,
                clock=self._clock,
            )
        assert self._folder is not None
        kept = keeper.read(lambda tx: facts(tx, job.id))
        load = load_order(
            self._folder,
            self._provision,
            task.entry,
            job.request,
            self._settings,
            length=planning.length(job.request),
            choice=None if kept is None else kept.choice,
        )
        return Work(job, keeper, self._child, load, log, self._folder, self._checkpoints, self._settings)

    def _provide(self, task: Task, keeper: Keeper, log: JobLog) -> Provision:
        """What the task needs beside its bundle.

        Raises:
            JobEnded: It cannot be had here.
        """
        try:
            return provision(task, self._settings, self._environ, tick=keeper.tick, log=log)
        except Unprovided as error:
            failure = error.error
            keeper.write(lambda tx: jobs.fail(tx, keeper.lease.job, failure))
            raise JobEnded from None

    def _hand_back(self, keeper: Keeper) -> None:
        try:
            keeper.write(lambda tx: units.release(tx, keeper.lease))
        except LeaseLost as error:
            log.warning("job %s: the unit was another's already: %s", keeper.lease.job, error)

    def _again(self, keeper: Keeper, error: JobError) -> None:
        """Hand the unit back for one more try, then fail the job."""
        unit = keeper.lease.unit
        self._deaths[unit] = self._deaths.get(unit, 0) + 1
        if self._deaths[unit] < DEATHS:
            self._hand_back(keeper)
            return
        self._fail(keeper, error)

    def _fail(self, keeper: Keeper, error: JobError) -> None:
        try:
            keeper.write(lambda tx: jobs.fail(tx, keeper.lease.job, error))
        except LeaseLost as lost:
            log.warning("job %s: the lease was lost meanwhile: %s", keeper.lease.job, lost)

    def _let_go(self) -> None:
        """End the child that is kept for further units of its job, once there will be none."""
        if self._child is None or self._clock() - self._looked_at < LOOK_S:
            return
        self._looked_at = self._clock()
        loaded = self._child.loaded
        with self._database.read() as tx:
            over = loaded is None or jobs.has_ended(tx, loaded)
        if over:
            self._drop_child()
        else:
            self._child.hold(max(self._settings.lease_s, PAUSE_MIN_S))

    def _drop_child(self) -> None:
        if self._child is not None:
            if left := self._child.kill():
                log.warning("processes of the task that the kernel does not let die: %s", left)
            self._child = None
        if self._folder is not None:
            self._folder.close()
            self._folder = None
        self._provision.release()

    def _say_goodbye(self) -> None:
        try:
            with self._database.write() as tx:
                workers.gone(tx, self._identity)
        except DatabaseUnavailable as error:
            log.warning("could not take leave of the database: %s", error)


def _stumbled(error: Exception) -> JobError:
    """The error of a job over which a worker failed itself."""
    said = " ".join(str(error).split())[:1000]
    return JobError(
        code="worker_failed",
        detail=f"A worker failed over this job, {DEATHS} times in the same place: {type(error).__name__}"
        + (f": {said}." if said else "."),
        remedy="The worker's log has the whole of it. If its machine is in order (disk, temporary folder), "
        "this is a mistake in lrtune: please report it.",
    )
