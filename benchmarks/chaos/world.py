"""The world that things go wrong in: a database, a server, workers, and their keeper."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.chaos.proxy import Proxy
from lrtune import Client
from store import Database, tables
from store.errors import DatabaseUnavailable
from tests import postgresql
from workers.sandbox.processes import descendants

READY_S = 2.0


class NotNow(Exception):  # noqa: N818 - not an error: there is nobody to strike
    """Nothing is there that a fault could strike."""


@dataclass
class Slot:
    """A place for one process, which is started again whenever it has ended, as a service manager would.

    ``tended`` is false while a fault wants it down.
    """

    name: str
    command: list[str]
    environ: dict[str, str]
    log: Path
    proxy: Proxy | None = None
    clock: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    tended: bool = True

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environ, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid


@dataclass(frozen=True)
class Held:
    """A unit in a worker's hands, as its row was."""

    unit: int
    attempt: int
    expires_at: Any
    kind: str


@dataclass
class World:
    """All of it.

    Attributes:
        random: What and whom chance strikes.
        home: Data directory of the server, and where workers keep their files.
        url: The database, as the server reaches it.
        postgresql: The database's server; None with SQLite.
        disk: A small file system of its own, under the database; None where none may be mounted.
        database: The same database, as the driver looks at it.
        server: The HTTP server.
        workers: The workers that are tended.
        busy: Names of what is suffering a fault.
        wounded: Units and the workers that lost their trainer over them: losing it twice fails a job.
    """

    random: Random
    home: Path
    url: str
    postgresql: postgresql.Server | None
    disk: Path | None
    database: Database
    server: Slot
    address: str
    workers: list[Slot]
    busy: set[str] = field(default_factory=set)
    wounded: set[tuple[int, int]] = field(default_factory=set)

    def client(self) -> Client:
        return Client(self.address)

    def tend(self) -> None:
        """Start what has ended."""
        for slot in (self.server, *self.workers):
            if slot.tended and (slot.process is None or slot.process.poll() is not None):
                slot.start()

    def ready(self) -> bool:
        """Whether the server can serve."""
        try:
            return httpx.get(f"{self.address}/readyz", timeout=READY_S).status_code == 200
        except httpx.HTTPError:
            return False

    def rows(self, query: sa.Executable) -> list[Any] | None:
        """What the database says; None while it cannot be asked."""
        try:
            with self.database.read() as tx:
                return list(tx.conn.execute(query).all())
        except DatabaseUnavailable:
            return None

    def held(self, pid: int) -> Held | None:
        """The unit that the worker with this process id holds."""
        units = tables.units.c
        query = sa.select(units.id, units.attempt, units.expires_at, units.kind)
        found = self.rows(query.where(units.state == "leased", units.worker.like(f"%-{pid}-%")))
        return Held(*found[0]) if found else None

    def moved_on(self, held: Held) -> bool:
        """Whether a unit was renewed, claimed again or closed since its row was read."""
        units = tables.units.c
        query = sa.select(units.state, units.attempt, units.expires_at).where(units.id == held.unit)
        found = self.rows(query)
        if not found:
            return False
        state, attempt, expires_at = found[0]
        return state != "open" and (state, attempt, expires_at) != ("leased", held.attempt, held.expires_at)

    def claimed_again(self, held: Held) -> bool:
        """Whether another attempt at a unit has begun, or it was closed."""
        units = tables.units.c
        found = self.rows(sa.select(units.state, units.attempt).where(units.id == held.unit))
        return any(row.state == "closed" or row.attempt > held.attempt for row in found or ())

    def work_done(self) -> tuple[Any, ...] | None:
        """Changes whenever any unit is claimed, renewed or closed."""
        units = tables.units.c
        found = self.rows(
            sa.select(
                sa.func.sum(units.attempt), sa.func.max(units.expires_at), sa.func.count(units.closed_at)
            )
        )
        return tuple(found[0]) if found else None

    def unfinished(self) -> int | None:
        """How many jobs have not ended; None while the database cannot be asked."""
        found = self.rows(sa.select(sa.func.count()).where(tables.jobs.c.finished_at.is_(None)))
        return None if found is None else int(found[0][0])

    def worn(self) -> int:
        """How often a lease of an unfinished unit has run out, at most."""
        units = tables.units.c
        found = self.rows(sa.select(sa.func.max(units.lapses)).where(units.state != "closed"))
        return int(found[0][0] or 0) if found else 0

    def victim(self) -> Slot:
        """A worker that holds a unit, and that nothing happens to at the moment.

        Raises:
            NotNow: There is none.
        """
        free = [slot for slot in self.workers if slot.name not in self.busy and slot.process is not None]
        self.random.shuffle(free)
        for slot in free:
            if self.held(slot.pid) is not None:
                return slot
        raise NotNow


def trainers(worker: int, module: str) -> list[int]:
    """Descendants of a worker that run a module, the innermost last."""
    found = []
    for process in descendants(worker):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            # bubblewrap has the same words behind its own.
            if module.encode() in words and b"python" in words[0]:
                found.append(process.pid)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
