"""What is looked at while a fleet works: who is served, how long the queue waits, what the API answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import psycopg

from benchmarks import database_cpu
from benchmarks.api.load import Asked, Server, ask_once


@dataclass
class Asking:
    """A client that asks the server at a steady pace, in a thread of its own.

    Attributes:
        took: Seconds of each answer, by what was asked.
        failures: What went wrong, in words.
    """

    server: Server
    asks: Mapping[str, Callable[[int], Asked]]
    every_s: float
    took: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def p99_ms(self, what: str) -> float:
        return 1000 * float(np.quantile(self.took[what], 0.99))

    def _run(self) -> None:
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        number = 0
        while not self._over.wait(self.every_s):
            for what, ask in self.asks.items():
                began = time.monotonic()
                try:
                    ask_once(connection, ask(number))
                except (RuntimeError, OSError, http.client.HTTPException) as error:
                    self.failures.append(f"{what}: {error}")
                    connection.close()
                self.took.setdefault(what, []).append(time.monotonic() - began)
            number += 1


@dataclass(frozen=True)
class Spent:
    """What the database did between two moments.

    Attributes:
        commits: Transactions a second.
        cpu: CPUs that its processes kept busy; NaN where it is on another machine.
    """

    commits: float
    cpu: float


class Meter:
    """Measures a database from its making to each ``read``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pid = database_cpu.postmaster(url)
        self._before = self._counts()

    def read(self) -> Spent:
        at, commits, cpu = self._counts()
        before_at, before_commits, before_cpu = self._before
        self._before = (at, commits, cpu)
        took = at - before_at
        return Spent((commits - before_commits) / took, (cpu - before_cpu) / took)

    def connection_mb(self) -> float:
        return float("nan") if self._pid is None else database_cpu.connection_mb(self._pid)

    def _counts(self) -> tuple[float, int, float]:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        [commits] = one(self._url, query)
        cpu = float("nan") if self._pid is None else database_cpu.cpu_s(self._pid)
        return time.monotonic(), int(commits), cpu


def one(url: str, query: str) -> Sequence[float]:
    """The one row of a query."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


def waits(url: str, job: str) -> list[float]:
    """Seconds for which each claimed unit of a job had waited."""
    query = "SELECT extract(epoch FROM claimed_at - created_at) FROM units WHERE claimed_at IS NOT NULL"
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"{query} AND job = %s".encode(), (job,)).fetchall()
    return [float(row[0]) for row in rows]


def served(url: str, since: float) -> dict[str, int]:
    """Units claimed by author in the last ``since`` seconds."""
    query = (
        "SELECT author, count(*) FROM units WHERE author <> '' "
        "AND claimed_at > clock_timestamp() - make_interval(secs => %s) GROUP BY author"
    )
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query.encode(), (since,)).fetchall())


def jain(shares: Sequence[float]) -> float:
    """Jain's index: 1 if all have the same, 1/n if one has all (Jain, Chiu and Hawe, 1984)."""
    values = np.asarray(shares, dtype=float)
    return float(values.sum() ** 2 / (len(values) * (values**2).sum()))
