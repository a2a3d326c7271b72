"""The fleet's own actor: keeps as many workers as the order and the queue ask for, and finds them again."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import ray

from store import Database, gauges, workers
from store.errors import StoreError
from workers.fleet.member import Member, Place
from workers.fleet.order import Order, Sizing

log = logging.getLogger("lrtune.fleet")

NAMESPACE = "lrtune"
CREW = "lrtune-fleet"
LOOK_EVERY_S = 2.0
ANSWER_S = 2.0
SILENT_MAX = 10
"""A leaving member that stayed silent so many times has no place, or has lost its node: it is gone."""


@dataclass(frozen=True)
class Row:
    """A worker of ``lrtune fleet status``: ``pending``, ``working``, ``idle``, ``leaving`` or ``ended``."""

    name: str
    state: str
    place: Place | None


def member_name(number: int) -> str:
    return f"lrtune-worker-{number}"


class Crew:
    """A detached actor, started again by Ray wherever there is room; its workers go on meanwhile."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._sizing = Sizing(order.least, order.most, order.idle_s)
        self._members: dict[int, Any] = {}
        self._leaving: dict[int, bool] = {}  # whether at once
        self._silent: dict[int, int] = {}
        self._rows: list[Row] = []
        self._closing = False
        self._lock = threading.Lock()
        self._find()
        threading.Thread(target=self._run, name="crew", daemon=True).start()

    def reorder(self, order: Order) -> None:
        """Go on with another order; workers that are there keep what they were started with."""
        with self._lock:
            self._order, self._closing = order, False
            self._sizing = Sizing(order.least, order.most, order.idle_s)
            self._find()

    def status(self) -> list[Row]:
        return self._rows

    def left(self) -> int:
        """Workers that are not gone yet."""
        return len(self._members)

    def close(self, *, at_once: bool) -> None:
        """Let all workers leave."""
        with self._lock:
            self._closing = True
            for number in list(self._members):
                self._send_off(number, at_once=at_once)

    def _find(self) -> None:
        """Members of an earlier life of this actor, or of a larger order."""
        for actor in ray.util.list_named_actors(all_namespaces=True):
            prefix, _, number = actor["name"].rpartition("-")
            if actor["namespace"] == NAMESPACE and prefix == "lrtune-worker" and number.isdecimal():
                self._members.setdefault(int(number), ray.get_actor(actor["name"], NAMESPACE))

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except (StoreError, ray.exceptions.RayError) as error:
                log.warning("could not look after the fleet, trying again: %s", error)
            time.sleep(LOOK_EVERY_S)

    def _look(self) -> None:
        places = self._places()
        units, busy = self._demand()
        with self._lock:
            staying = [number for number in self._members if number not in self._leaving]
            wanted = (
                0 if self._closing else self._sizing.wanted(time.monotonic(), size=len(staying), units=units)
            )
            for number in self._surplus(staying, wanted, places, busy):
                self._send_off(number, at_once=False)
            for _ in range(wanted - len(staying)):
                self._add()
            for number in [number for number in self._leaving if self._gone(number, places.get(number))]:
                ray.kill(self._members.pop(number), no_restart=True)
                del self._leaving[number]
                self._silent.pop(number, None)
            self._rows = [
                Row(member_name(number), self._state(number, places.get(number), busy), places.get(number))
                for number in sorted(self._members)
            ]

    def _places(self) -> dict[int, Place]:
        asked = {member.place.remote(): number for number, member in dict(self._members).items()}
        ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_S) if asked else ([], [])
        found: dict[int, Place] = {}
        for reference in ready:
            try:
                found[asked[reference]] = ray.get(reference)
            except ray.exceptions.RayActorError:
                continue  # it has lost its node, and comes back on another
        return found

    def _demand(self) -> tuple[int, set[tuple[str, int]]]:
        """Units that are held or could be, and host and process id of the workers that hold one."""
        database = Database(self._order.environ["LRTUNE_DATABASE_URL"])
        try:
            with database.read() as tx:
                counted, listed = gauges.read(tx), workers.page(tx).items
        finally:
            database.dispose()
        units = sum(counted.open_units.values()) + sum(counted.leased_units.values())
        return units, {(row.host, row.pid) for row in listed if row.alive and row.job}

    def _surplus(
        self, staying: list[int], wanted: int, places: dict[int, Place], busy: set[tuple[str, int]]
    ) -> list[int]:
        """Who leaves: first those without a place, then the idle ones; the working ones stay."""

        def idle(number: int) -> bool:
            place = places.get(number)
            return place is None or (place.host, place.pid) not in busy

        most = max(len(staying) - wanted, 0)
        order = sorted((number for number in staying if idle(number)), key=lambda n: (n in places, -n))
        return order[:most]

    def _send_off(self, number: int, *, at_once: bool) -> None:
        self._leaving[number] = at_once
        self._members[number].leave.remote(at_once=at_once)

    def _gone(self, number: int, place: Place | None) -> bool:
        """Whether a leaving member has nothing left to finish."""
        if place is not None:
            self._silent.pop(number, None)
            # Told again each time: a member that Ray has started anew meanwhile has not heard it.
            self._members[number].leave.remote(at_once=self._leaving[number])
            return not place.running
        self._silent[number] = self._silent.get(number, 0) + 1
        return self._silent[number] >= SILENT_MAX

    def _add(self) -> None:
        number = next(n for n in range(len(self._members) + 1) if n not in self._members)
        self._members[number] = (
            ray.remote(Member)
            .options(
                name=member_name(number),
                namespace=NAMESPACE,
                lifetime="detached",
                max_restarts=-1,
                num_gpus=self._order.gpus,
                num_cpus=self._order.cpus,
            )
            .remote(self._order.environ)
        )

    def _state(self, number: int, place: Place | None, busy: set[tuple[str, int]]) -> str:
        if number in self._leaving:
            return "leaving"
        if place is None:
            return "pending"
        if not place.running:
            return "ended"
        return "working" if (place.host, place.pid) in busy else "idle"
