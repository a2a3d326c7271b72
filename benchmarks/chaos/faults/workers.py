"""Workers are struck: killed, stopped, doubled, given a wrong clock."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.chaos.faults.strike import LEASE, Run, Strike, told
from benchmarks.chaos.world import NotNow
from store import tables

TWIN = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
TWIN += ["sh", "-c", 'hostname twin && exec "$@"', "sh"]
"""Runs a command as process 1 of a machine named twin."""


def worker_killed(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        slot.send(signal.SIGKILL)
        held = world.held(slot.pid)
        strike.told = told(slot.name, held)
        if held is not None:
            yield from strike.until(lambda: world.claimed_again(held))
            strike.recovered()


def worker_paused(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        slot.send(signal.SIGSTOP)
        held = world.held(slot.pid)
        strike.told = told(slot.name, held)
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
        strike.told = told(slot.name, held)
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


def clock_jump(strike: Strike) -> Run:
    world = strike.world
    slot = next(slot for slot in world.workers if slot.clock is not None)
    assert slot.clock is not None
    with strike.hitting(slot.name):
        held = world.held(slot.pid)
        if held is None:
            raise NotNow
        jump = world.random.choice([-86_400, -3600, -30, 30, 3600, 86_400])
        strike.told = f"{told(slot.name, held)}, {jump:+d} s"
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


def twins_possible() -> bool:
    """Whether this machine lets us make namespaces."""
    return subprocess.run([*TWIN, "true"], capture_output=True, check=False).returncode == 0
