"""The faults. Each is a generator: it strikes, yields while the world suffers, and ends once that is over.

Between two of its steps work goes on and other faults strike. At the moment at which what it hit works again
it calls ``Strike.recovered``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from benchmarks.chaos.world import NotNow, Slot, World, trainers
from store import tables
from tests.acceptance.processes import LEASE_S

LEASE = float(LEASE_S)
PATIENCE_S = 120.0

Run = Iterator[None]

TWIN = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
TWIN += ["sh", "-c", 'hostname twin && exec "$@"', "sh"]
"""Runs a command as process 1 of a machine named twin."""


@dataclass
class Strike:
    """One fault as it struck.

    Attributes:
        recovery_s: From the strike until what was hit worked again; None while it does not, or where nothing
            was hit.
    """

    fault: str
    world: World
    begun_at: float = field(default_factory=time.monotonic)
    told: str = ""
    recovery_s: float | None = None

    def until(self, holds: Callable[[], bool], limit_s: float = PATIENCE_S) -> Run:
        deadline = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.fault} ({self.told}): waited {limit_s:.0f} s for its recovery")
            yield

    def for_s(self, low: float, high: float) -> Run:
        """Some seconds between these."""
        until = time.monotonic() + self.world.random.uniform(low, high)
        while time.monotonic() < until:
            yield

    def recovered(self) -> None:
        self.recovery_s = time.monotonic() - self.begun_at

    @contextlib.contextmanager
    def hitting(self, *names: str) -> Iterator[None]:
        """Keeps other faults away from these."""
        if self.world.busy & set(names):
            raise NotNow
        self.world.busy |= set(names)
        try:
            yield
        finally:
            self.world.busy -= set(names)


def worker_killed(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        slot.send(signal.SIGKILL)
        held = world.held(slot.pid)
        strike.told = _told(slot, held)
        if held is not None:
            yield from strike.until(lambda: world.claimed_again(held))
            strike.recovered()


def worker_paused(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        slot.send(signal.SIGSTOP)
        held = world.held(slot.pid)
        strike.told = _told(slot, held)
        yield from strike.for_s(0.2, LEASE / 3)
        slot.send(signal.SIGCONT)
        if held is not None:
            yield from strike.until(lambda: world.moved_on(held))
            strike.recovered()


def zombie(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        slot.send(signal.SIGSTOP)
        held = world.held(slot.pid)
        strike.told = _told(slot, held)
        try:
            if held is None:
                yield from strike.for_s(LEASE, 2 * LEASE)
                return
            # One that was stopped inside a transaction keeps its locks, and nobody can take over.
            with contextlib.suppress(TimeoutError):
                yield from strike.until(lambda: world.claimed_again(held), 4 * LEASE)
                strike.recovered()
                yield from strike.for_s(0, 1)
        finally:
            slot.send(signal.SIGCONT)
        if strike.recovery_s is None:
            yield from strike.until(lambda: world.moved_on(held))
            strike.recovered()


def child_killed(strike: Strike) -> Run:
    yield from _child_struck(strike, "workers.trainer")


def supervisor_killed(strike: Strike) -> Run:
    yield from _child_struck(strike, "workers.sandbox.supervisor")


def _child_struck(strike: Strike, module: str) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        held, found = world.held(slot.pid), trainers(slot.pid, module)
        # Losing its trainer twice over one unit is taken for the task's fault, and fails the job.
        if held is None or not found or (held.unit, slot.pid) in world.wounded:
            raise NotNow
        world.wounded.add((held.unit, slot.pid))
        strike.told = _told(slot, held)
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[-1], signal.SIGKILL)
        yield from strike.until(lambda: world.claimed_again(held))
        strike.recovered()


def child_paused(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        held, found = world.held(slot.pid), trainers(slot.pid, "workers.trainer")
        if held is None or not found:
            raise NotNow
        strike.told = _told(slot, held)
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[-1], signal.SIGSTOP)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[-1], signal.SIGCONT)
        yield from strike.until(lambda: world.moved_on(held))
        strike.recovered()


def server_killed(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("server"):
        world.server.send(signal.SIGKILL)
        assert world.server.process is not None
        world.server.process.wait()
        yield from strike.until(world.ready)
        strike.recovered()


def server_paused(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("server"):
        world.server.send(signal.SIGSTOP)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            world.server.send(signal.SIGCONT)
        yield from strike.until(world.ready)
        strike.recovered()


def database_restarted(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("database", "server"):
        assert world.postgresql is not None
        world.postgresql.stop("fast")
        yield from _database_back(strike)


def database_killed(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("database", "server"):
        assert world.postgresql is not None
        world.postgresql.stop("immediate")
        yield from _database_back(strike)


def _database_back(strike: Strike) -> Run:
    world = strike.world
    assert world.postgresql is not None
    try:
        yield from strike.for_s(0, LEASE)
    finally:
        world.postgresql.start()
    yield from _working_again(strike)


def _working_again(strike: Strike) -> Run:
    """Until the server is ready and any unit has been claimed, renewed or closed."""
    world = strike.world
    before = world.work_done()
    yield from strike.until(lambda: (now := world.work_done()) is not None and now != before)
    yield from strike.until(world.ready)
    strike.recovered()


def disk_full(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("database", "server"):
        assert world.disk is not None
        ballast = world.disk / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65_536))
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            ballast.unlink()
            # PostgreSQL ends when it cannot write its log; whoever keeps it running starts it again.
            if world.postgresql is not None and not world.postgresql.runs():
                world.postgresql.start()
                strike.told = "PostgreSQL had ended"
        yield from _working_again(strike)


def line_cut(strike: Strike) -> Run:
    slot = strike.world.victim()
    assert slot.proxy is not None
    yield from _line(strike, slot, slot.proxy.cut)


def line_hanging(strike: Strike) -> Run:
    slot = strike.world.victim()
    assert slot.proxy is not None
    yield from _line(strike, slot, slot.proxy.hang)


def line_slow(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    proxy = slot.proxy
    assert proxy is not None
    yield from _line(strike, slot, lambda: proxy.slow(world.random.uniform(0.02, 0.3)))


def _line(strike: Strike, slot: Slot, spoil: Callable[[], None]) -> Run:
    world = strike.world
    with strike.hitting(slot.name):
        assert slot.proxy is not None
        spoil()
        held = world.held(slot.pid)
        strike.told = _told(slot, held)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            slot.proxy.mend()
        if held is not None:
            yield from strike.until(lambda: world.moved_on(held))
            strike.recovered()


def clock_jump(strike: Strike) -> Run:
    world = strike.world
    slot = next(slot for slot in world.workers if slot.clock is not None)
    assert slot.clock is not None
    with strike.hitting(slot.name):
        held = world.held(slot.pid)
        if held is None:
            raise NotNow
        jump = world.random.choice([-86_400, -3600, -30, 30, 3600, 86_400])
        strike.told = f"{_told(slot, held)}, {jump:+d} s"
        _set(slot.clock, jump)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            _set(slot.clock, 0)
        yield from strike.until(lambda: world.moved_on(held))
        strike.recovered()


def _set(clock: Path, jump: int) -> None:
    # In place: the worker has the file in its memory.
    with clock.open("r+b") as file:
        file.write(jump.to_bytes(8, sys.byteorder, signed=True))


def twins(strike: Strike) -> Run:
    """Two workers more with one host name and one process id, as two containers have; one is killed."""
    world, slot = strike.world, strike.world.victim()
    with strike.hitting("twins"), (world.home / "twins.log").open("ab") as log:
        command = [*TWIN, *slot.command]
        both = [subprocess.Popen(command, env=slot.environ, stdout=log, stderr=log) for _ in range(2)]
        try:
            names = sa.select(tables.workers.c.id).where(tables.workers.c.host == "twin")
            yield from strike.until(lambda: len(world.rows(names) or ()) >= 2)
            with contextlib.suppress(TimeoutError):
                yield from strike.until(lambda: world.held(1) is not None, 4 * LEASE)
        finally:
            for twin in both:
                twin.kill()
                twin.wait()
        strike.begun_at, held = time.monotonic(), world.held(1)
        if held is not None:
            strike.told = f"unit {held.unit}"
            yield from strike.until(lambda: world.claimed_again(held))
            strike.recovered()


def _twins_possible() -> bool:
    return subprocess.run([*TWIN, "true"], capture_output=True, check=False).returncode == 0


def _told(slot: Slot, held: object) -> str:
    unit = getattr(held, "unit", None)
    return f"{slot.name}, {'idle' if unit is None else f'unit {unit}'}"


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: As the page names it.
        strikes: What happens.
        promise: What is promised for it.
        needs: Why it is left out of this world; None if it is not.
    """

    name: str
    strikes: Callable[[Strike], Run]
    promise: str
    left_out: Callable[[World], str | None] = lambda world: None


def _needs_postgresql(world: World) -> str | None:
    return None if world.postgresql is not None else "needs PostgreSQL"


def _needs_disk(world: World) -> str | None:
    return None if world.disk is not None else "no small file system may be mounted here"


def _needs_clock(world: World) -> str | None:
    if world.postgresql is None:
        return "with SQLite all processes share the machine's clock, which is the database's"
    return None if any(slot.clock for slot in world.workers) else "no C compiler is installed"


def _needs_namespaces(world: World) -> str | None:
    return None if _twins_possible() else "no namespaces may be made here"


_ANOTHER = (
    "Its unit goes to another worker when its lease has passed, from its last checkpoint or from its start."
)
_KEEPS = "It goes on with its unit."
_STALE = "Another worker takes the unit over; what it writes when it wakes is refused, and it drops the unit."
_CHILD = "Its worker hands the unit back, which is trained once more."
_SERVER = "Workers go on; jobs are rows. Whoever keeps the server running starts it again."
_DATABASE = "Workers and server wait for it. A worker that waits longer than its lease drops its unit."

FAULTS = (
    Fault("worker killed (SIGKILL)", worker_killed, _ANOTHER),
    Fault("worker stopped for less than its lease", worker_paused, _KEEPS),
    Fault("zombie: worker stopped past its lease, then woken", zombie, _STALE),
    Fault("trainer killed", child_killed, _CHILD),
    Fault("trainer stopped, then woken", child_paused, "Its worker keeps the lease and waits for it."),
    Fault("supervisor of a trainer killed", supervisor_killed, _CHILD),
    Fault("server killed (SIGKILL)", server_killed, _SERVER),
    Fault("server stopped, then woken", server_paused, _SERVER),
    Fault(
        "two workers of the same name, killed",
        twins,
        f"They are two workers all the same. {_ANOTHER}",
        _needs_namespaces,
    ),
    Fault("disk of the database full", disk_full, _DATABASE, _needs_disk),
    Fault("PostgreSQL restarted", database_restarted, _DATABASE, _needs_postgresql),
    Fault("PostgreSQL killed (immediate shutdown)", database_killed, _DATABASE, _needs_postgresql),
    Fault("worker's line to PostgreSQL cut", line_cut, _DATABASE, _needs_postgresql),
    Fault("worker's line to PostgreSQL hanging", line_hanging, _STALE, _needs_postgresql),
    Fault("worker's line to PostgreSQL slow", line_slow, _KEEPS, _needs_postgresql),
    Fault(
        "worker's clock jumps (30 s to a day, both ways)",
        clock_jump,
        "Nothing: leases are by the database's clock, waiting by a clock that does not jump.",
        _needs_clock,
    ),
)
