"""The database is struck, its disk, and the lines of workers to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Literal

from benchmarks.chaos.faults.strike import LEASE, Run, Strike, told
from benchmarks.chaos.world import Slot


def database_restarted(strike: Strike) -> Run:
    return _stopped(strike, "fast")


def database_killed(strike: Strike) -> Run:
    return _stopped(strike, "immediate")


def _stopped(strike: Strike, mode: Literal["fast", "immediate"]) -> Run:
    world = strike.world
    with strike.hitting("database", "server"):
        assert world.postgresql is not None
        world.postgresql.stop(mode)
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
    """Until the server is ready and any unit has been claimed, renewed or closed, if there still is one."""
    world = strike.world
    before = world.work_done()
    yield from strike.until(
        lambda: world.unfinished() == 0 or ((now := world.work_done()) is not None and now != before)
    )
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
        strike.told = told(slot.name, held)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            slot.proxy.mend()
        if held is not None:
            yield from strike.until(lambda: world.moved_on(held))
            strike.recovered()
