"""Submits jobs, strikes, and waits until every job has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.faults import Fault, Run, Strike
from benchmarks.chaos.world import NotNow, World
from lrtune.client.errors import ClientError
from lrtune.wire import JobRequest
from store.lapses import MAX_ATTEMPTS

BACKLOG = 2
"""So many jobs are unfinished while there are faults left."""

TICK_S = 0.05
PATIENCE_S = 300.0


@dataclass
class Story:
    """What happened.

    Attributes:
        submitted: Ids of the jobs, with the number of their request.
        strikes: The faults in the order of their end.
        broken: Promises that were broken on the way, in sentences.
    """

    submitted: dict[str, int] = field(default_factory=dict)
    strikes: list[Strike] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def drive(
    world: World,
    requests: Sequence[JobRequest],
    faults: Sequence[Fault],
    *,
    at_once: int,
    tell: Callable[[str], None],
) -> Story:
    """Let faults strike in their order, up to ``at_once`` at the same time, while jobs run.

    A fault that finds nobody to strike is put off. The jobs are the requests in turn, as many as it takes.
    """
    story = Story()
    waiting = list(faults)
    under_way: list[tuple[Strike, Run]] = []
    pause_until = 0.0
    while waiting or under_way:
        world.tend()
        if waiting and not world.busy & {"server", "database"} and world.ready():
            _submit(world, story, requests)
        for strike, run in list(under_way):
            if _step(strike, run, story):
                continue
            under_way.remove((strike, run))
            story.strikes.append(strike)
            tell(_line(story, strike, len(faults)))
        # A unit whose lease ran out often enough fails its job, as promised: it is given time to end.
        calm = time.monotonic() >= pause_until and world.worn() < MAX_ATTEMPTS - 2
        if waiting and calm and len(under_way) < at_once and world.unfinished():
            begun = _begin(world, waiting)
            if begun is not None:
                under_way.append(begun)
            pause_until = time.monotonic() + world.random.uniform(0.1, 1.0)
        time.sleep(TICK_S)
    _wait(world, story)
    return story


def _submit(world: World, story: Story, requests: Sequence[JobRequest]) -> None:
    if (unfinished := world.unfinished()) is None or unfinished >= BACKLOG:
        return
    number = len(story.submitted)
    which = number % len(requests)
    with world.client() as client:
        try:
            job = client.submit(requests[which], idempotency_key=f"chaos-{number}")
        except ClientError:
            return  # the same key again: it is one job, whether it had arrived or not
    story.submitted[job.id] = which


def _begin(world: World, waiting: list[Fault]) -> tuple[Strike, Run] | None:
    """The first fault that finds somebody to strike."""
    for number, fault in enumerate(waiting):
        strike = Strike(fault.name, world)
        run = fault.strikes(strike)
        try:
            next(run)
        except NotNow:
            continue
        except StopIteration:
            run = iter(())
        del waiting[number]
        return strike, run
    return None


def _step(strike: Strike, run: Run, story: Story) -> bool:
    """Whether the fault goes on."""
    try:
        next(run)
    except StopIteration:
        return False
    except TimeoutError as error:
        story.broken.append(str(error))
        return False
    return True


def _wait(world: World, story: Story) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while world.unfinished() != 0:
        if time.monotonic() > deadline:
            story.broken.append(f"jobs had not ended {PATIENCE_S:.0f} s after the last fault")
            return
        world.tend()
        time.sleep(TICK_S)
    while not world.ready():
        if time.monotonic() > deadline:
            story.broken.append("the server was not ready after the last fault")
            return
        world.tend()
        time.sleep(TICK_S)


def _line(story: Story, strike: Strike, of: int) -> str:
    recovery = (
        "nothing to recover" if strike.recovery_s is None else f"recovered in {strike.recovery_s:.1f} s"
    )
    told = f" ({strike.told})" if strike.told else ""
    return f"{len(story.strikes):4d}/{of}  {strike.fault}{told}: {recovery}"
