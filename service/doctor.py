"""Looks a server's surroundings over: what is well, what will go wrong, what has, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from service.settings import Settings
from store import Database, drains, gauges, schema_state, vitals
from store.errors import DatabaseUnavailable, StoreError

SKEW_WARN_S, SKEW_FAIL_S = 5.0, 300.0
FREE_WARN, FREE_FAIL = 5 * 2**30, 2**29
QUEUE_WARN_S = 600.0

Grade = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do if it is not well."""

    check: str
    grade: Grade
    detail: str
    remedy: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return asdict(self)


def examine(
    settings: Settings,
    *,
    gpus: Callable[[], int],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Iterator[Finding]:
    """Every finding, in the order in which to mend; the database's are left out once it is away.

    Args:
        settings: Of the server, or of a worker's machine.
        gpus: Counts this machine's GPUs.
        now: This machine's clock.
        free: Free bytes of the disk that a folder is on.
    """
    yield disk(settings, free)
    database = Database(settings.database_url)
    try:
        yield from _database(database, gpus(), now)
    finally:
        database.dispose()


def _database(database: Database, gpus: int, now: Callable[[], datetime]) -> Iterator[Finding]:
    try:
        with database.read() as tx:
            found = vitals.read(tx)
            skew_s = (found.at - now()).total_seconds()
        yield Finding("database", "ok", f"{database.address} answers: {found.server}.")
        state = schema_state(database)
    except DatabaseUnavailable as error:
        yield Finding("database", "fail", error.detail, error.remedy)
        return
    yield schema(state)
    yield isolation(found)
    yield clock(skew_s)
    if state != "current":
        return
    try:
        with database.read() as tx:
            counted, drain = gauges.read(tx), drains.status(tx)
    except StoreError as error:
        yield Finding("queue", "fail", error.detail, error.remedy)
        return
    yield fleet(counted)
    yield gpu(counted, gpus)
    yield queue(counted, drain)


def disk(settings: Settings, free: Callable[[Path], int]) -> Finding:
    """Room on the disk of the data directory."""
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    left = free(folder)
    grade: Grade = "fail" if left < FREE_FAIL else "warn" if left < FREE_WARN else "ok"
    remedy = "Free some space; `lrtune admin prune` drops the curves of old jobs." if grade != "ok" else None
    return Finding("disk", grade, f"{left / 2**30:,.1f} GiB are free under {settings.home}.", remedy)


def schema(state: str) -> Finding:
    """How the migrations stand."""
    if state == "current":
        return Finding("migrations", "ok", "The schema is this version's.")
    remedy = "Upgrade lrtune here." if state == "ahead" else "Run `lrtune migrate`."
    return Finding("migrations", "fail", f"The schema is {state}.", remedy)


def isolation(found: vitals.Vitals) -> Finding:
    """What the store's promises rest on: READ COMMITTED writes and kept commits, or a write-ahead log."""
    if found.weak is not None:
        return Finding("isolation", "fail", found.weak.detail, found.weak.remedy)
    return Finding("isolation", "ok", found.isolation)


def clock(skew_s: float) -> Finding:
    """This machine's clock against the database's, by which leases run."""
    size = abs(skew_s)
    if size < SKEW_WARN_S:
        return Finding("clock", "ok", f"This machine and the database agree to {size:.1f} s.")
    grade: Grade = "fail" if size >= SKEW_FAIL_S else "warn"
    return Finding(
        "clock",
        grade,
        f"This machine's clock is {size:.0f} s {'behind' if skew_s > 0 else 'ahead of'} the database's.",
        "Let both follow NTP. Leases run by the database's clock alone; what people compare differs.",
    )


def fleet(found: gauges.Gauges) -> Finding:
    """Workers that live, and that were lost."""
    by = {
        state: sum(n for (_, at), n in found.workers.items() if at == state)
        for state in ("working", "idle", "lost")
    }
    alive = by["working"] + by["idle"]
    detail = f"{alive} alive ({by['working']} working), {by['lost']} lost within the last hour."
    if not alive:
        unfinished = found.jobs.get("queued", 0) + found.jobs.get("running", 0)
        return Finding(
            "workers",
            "fail" if unfinished else "warn",
            detail,
            "Start one: lrtune worker, or lrtune fleet up.",
        )
    if by["lost"]:
        return Finding("workers", "warn", detail, "Look into the logs of the lost ones (`lrtune workers`).")
    return Finding("workers", "ok", detail)


def gpu(found: gauges.Gauges, gpus: int) -> Finding:
    """This machine's GPUs, and the fleet's workers on GPUs."""
    on_gpu = sum(n for (device, at), n in found.workers.items() if device.startswith("cuda") and at != "lost")
    detail = f"{gpus} on this machine; {on_gpu} workers of the fleet train on one."
    if gpus and not on_gpu:
        return Finding("gpus", "warn", detail, "Start a worker for each: lrtune worker --device cuda:N.")
    return Finding("gpus", "ok", detail)


def queue(found: gauges.Gauges, drain: drains.Drain) -> Finding:
    """What waits, and for how long."""
    waiting = sum(found.open_units.values())
    detail = (
        f"{waiting} units wait, the oldest for {found.oldest_open_s:.0f} s; {drain.leased} are worked on."
    )
    if drain.since is not None:
        detail += f" Claims were stopped at {drain.since:%Y-%m-%d %H:%M} UTC."
        return Finding("queue", "warn", detail, "Let them go on: lrtune admin drain --undo.")
    if found.lapsed_units:
        return Finding(
            "queue",
            "warn",
            f"{detail} {found.lapsed_units} leases have run out.",
            "The next claim opens them.",
        )
    if waiting and found.oldest_open_s > QUEUE_WARN_S:
        return Finding("queue", "warn", detail, "Start more workers.")
    return Finding("queue", "ok", detail)
