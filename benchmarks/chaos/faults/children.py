"""Trainer children and their supervisors are struck."""

from __future__ import annotations

import contextlib
import os
import signal

from benchmarks.chaos.faults.strike import LEASE, Run, Strike, told
from benchmarks.chaos.world import NotNow, trainers


def child_killed(strike: Strike) -> Run:
    yield from _child_struck(strike, "workers.trainer")


def supervisor_killed(strike: Strike) -> Run:
    yield from _child_struck(strike, "workers.sandbox.supervisor")


def _child_struck(strike: Strike, module: str) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        held, found = world.held(slot.pid), trainers(slot.pid, module)
        # Losing its trainer twice over one unit is taken for the task's fault, and fails the job. A trainer
        # that is lost while its worker plans is missed at the next unit, and counts there.
        if held is None or held.kind == "plan" or not found or (held.unit, slot.pid) in world.wounded:
            raise NotNow
        world.wounded.add((held.unit, slot.pid))
        strike.told = told(slot.name, held)
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[-1], signal.SIGKILL)
        # It may have gone on to another unit in this moment.
        if (now := world.held(slot.pid)) is not None:
            world.wounded.add((now.unit, slot.pid))
        yield from strike.until(lambda: world.claimed_again(held))
        strike.recovered()


def child_paused(strike: Strike) -> Run:
    world, slot = strike.world, strike.world.victim()
    with strike.hitting(slot.name):
        held, found = world.held(slot.pid), trainers(slot.pid, "workers.trainer")
        if held is None or not found:
            raise NotNow
        strike.told = told(slot.name, held)
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[-1], signal.SIGSTOP)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[-1], signal.SIGCONT)
        yield from strike.until(lambda: world.moved_on(held))
        strike.recovered()
