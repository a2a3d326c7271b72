"""Keeps a unit's lease while it is worked on, and says when the work must stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from store import Database, Tx, units
from store.errors import DatabaseUnavailable, LeaseLost
from store.units import Lease

T = TypeVar("T")

RETRY_S = 0.5

TICK_S = 0.25
"""So often the lease is looked after while something else is decided."""
RENEW_MAX_S = 5.0
"""However long a lease lasts, its worker hears so soon that the job was cancelled."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody cancelled the job
    """The unit's job was cancelled."""


class Drained(Exception):  # noqa: N818 - not an error: the worker was told to stop
    """The worker is stopping and hands the unit back."""


class Keeper:
    """The lease of one unit.

    Args:
        database: The store.
        lease: As claimed just now.
        lease_s: Its length; renewed after a third of it, and after ``RENEW_MAX_S`` at the latest.
        stopping: Set when the worker is told to stop.
        seen: Called in each renewal's transaction, to say that the worker lives.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        lease: Lease,
        *,
        lease_s: float,
        stopping: threading.Event,
        seen: Callable[[Tx], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease = lease
        self._database = database
        self._lease_s = lease_s
        self._stopping = stopping
        self._seen = seen
        self._clock = clock
        self._patience_s = 0.0
        self._stop_at: float | None = None
        self._renewed(clock())

    def tick(self) -> None:
        """Renew the lease if that is due.

        Raises:
            Cancelled, Drained, LeaseLost: The work must stop. A database that stays away longer than the
                lease lasts counts as lost, because by then another worker may hold the unit.
        """
        asked_at = self._clock()
        if self._stopping.is_set():
            self._stop_at = asked_at + self._patience_s if self._stop_at is None else self._stop_at
            if asked_at >= self._stop_at:
                raise Drained
        if asked_at < self._due:
            return
        try:
            with self._database.write() as tx:
                renewal = units.renew(tx, self.lease, lease_s=self._lease_s)
                self._seen(tx)
        except DatabaseUnavailable:
            self._wait(asked_at)
            return
        if renewal.cancelled:
            raise Cancelled
        self._renewed(asked_at)

    def patient(self, patience_s: float) -> None:
        """Once the worker is told to stop, let the work go on for so many seconds, to come to a good end."""
        self._patience_s = patience_s

    @property
    def stopping(self) -> bool:
        """Whether the worker was told to stop."""
        return self._stopping.is_set()

    @property
    def left_s(self) -> float:
        """Seconds until the lease counts as lost, unless it is renewed before."""
        return self._lost_at - self._clock()

    def during(self, decide: Callable[[], T]) -> T:
        """What ``decide``, which touches no database, returns; the lease is kept meanwhile.

        Raises:
            Cancelled, Drained, LeaseLost: The work must stop. ``decide`` has come to its end even then: a
                thread cannot be stopped.
        """
        with ThreadPoolExecutor(1, "decide") as thread:
            future = thread.submit(decide)
            while not wait([future], timeout=TICK_S).done:
                self.tick()
            return future.result()

    def write(self, action: Callable[[Tx], T]) -> T:
        """Run ``action`` in a transaction that holds the lease; again while the database is away.

        Raises:
            LeaseLost: Another worker holds the unit by now, or the database stayed away too long.
        """
        while True:
            try:
                with units.held(self._database, self.lease) as tx:
                    return action(tx)
            except DatabaseUnavailable:
                self._wait(self._clock())

    def read(self, action: Callable[[Tx], T]) -> T:
        """Run ``action`` in a reading transaction; again while the database is away.

        Raises:
            LeaseLost: The database stayed away too long.
        """
        while True:
            try:
                with self._database.read() as tx:
                    return action(tx)
            except DatabaseUnavailable:
                self._wait(self._clock())

    def _renewed(self, at: float) -> None:
        self._due = at + min(self._lease_s / 3, RENEW_MAX_S)
        self._lost_at = at + self._lease_s

    def _wait(self, now: float) -> None:
        if now >= self._lost_at:
            raise LeaseLost("the database was away longer than the lease lasts")
        self._due = now + RETRY_S
        self._stopping.wait(RETRY_S)
