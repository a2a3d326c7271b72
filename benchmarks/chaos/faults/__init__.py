"""The faults. Each is a generator: it strikes, yields while the world suffers, and ends once that is over.

Between two of its steps work goes on and other faults strike. At the moment at which what it hit works again
it calls ``Strike.recovered``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.chaos.faults import children, database, server, workers
from benchmarks.chaos.faults.strike import LEASE, Run, Strike
from benchmarks.chaos.world import World

__all__ = ["FAULTS", "LEASE", "Fault", "Run", "Strike"]


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
    return None if workers.twins_possible() else "no namespaces may be made here"


_ANOTHER = (
    "Its unit goes to another worker when its lease has passed, from its last checkpoint or from its start."
)
_KEEPS = "It goes on with its unit."
_STALE = "Another worker takes the unit over; what it writes when it wakes is refused, and it drops the unit."
_CHILD = "Its worker hands the unit back, which is trained once more."
_SERVER = "Workers go on; jobs are rows. Whoever keeps the server running starts it again."
_DATABASE = "Workers and server wait for it. A worker that waits longer than its lease drops its unit."

FAULTS = (
    Fault("worker killed (SIGKILL)", workers.worker_killed, _ANOTHER),
    Fault("worker stopped for less than its lease", workers.worker_paused, _KEEPS),
    Fault("zombie: worker stopped past its lease, then woken", workers.zombie, _STALE),
    Fault("trainer killed", children.child_killed, _CHILD),
    Fault(
        "trainer stopped, then woken", children.child_paused, "Its worker keeps the lease and waits for it."
    ),
    Fault("supervisor of a trainer killed", children.supervisor_killed, _CHILD),
    Fault("server killed (SIGKILL)", server.server_killed, _SERVER),
    Fault("server stopped, then woken", server.server_paused, _SERVER),
    Fault(
        "two workers of the same name, killed",
        workers.twins,
        f"They are two workers all the same. {_ANOTHER}",
        _needs_namespaces,
    ),
    Fault("disk of the database full", database.disk_full, _DATABASE, _needs_disk),
    Fault("PostgreSQL restarted", database.database_restarted, _DATABASE, _needs_postgresql),
    Fault("PostgreSQL killed (immediate shutdown)", database.database_killed, _DATABASE, _needs_postgresql),
    Fault("worker's line to PostgreSQL cut", database.line_cut, _DATABASE, _needs_postgresql),
    Fault("worker's line to PostgreSQL hanging", database.line_hanging, _STALE, _needs_postgresql),
    Fault("worker's line to PostgreSQL slow", database.line_slow, _KEEPS, _needs_postgresql),
    Fault(
        "worker's clock jumps (30 s to a day, both ways)",
        workers.clock_jump,
        "Nothing: leases are by the database's clock, waiting by a clock that does not jump.",
        _needs_clock,
    ),
)
