"""A job's phases: which are done, how long each took, and how far the present one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lrtune.wire import Event, Job, Phase


@dataclass(frozen=True)
class Step:
    """A phase; ``seconds`` is how long it took, or has taken so far; null before it."""

    phase: Phase
    standing: Literal["done", "current", "stopped", "ahead"]
    done: int
    total: int
    seconds: float | None


def of(
    job: Job, counts: Mapping[Phase, tuple[int, int]], begun: Sequence[Event], now: datetime
) -> list[Step]:
    """The phases in their order.

    Args:
        job: Whose phases.
        counts: Trainings done and planned, by phase.
        begun: Its ``phase`` events, in any order.
        now: End of the present phase so far.
    """
    starts = {event.data.get("phase"): event.at for event in begun}
    phases = list(Phase)
    reached = phases.index(job.phase) if job.phase else -1
    steps = []
    for place, phase in enumerate(phases):
        ends = [starts[later] for later in phases[place + 1 :] if later in starts]
        end = ends[0] if ends else job.finished_at or now
        seconds = (end - starts[phase]).total_seconds() if phase in starts else None
        done, total = counts.get(phase, (0, 0))
        steps.append(Step(phase, _standing(job, place, reached), done, total, seconds))
    return steps


def _standing(job: Job, place: int, reached: int) -> Literal["done", "current", "stopped", "ahead"]:
    if place < reached or job.state == "succeeded":
        return "done"
    if place > reached:
        return "ahead"
    return "stopped" if job.state.final else "current"
