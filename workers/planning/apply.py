"""Writes a step, within the transaction that ends the plan unit that decided it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from lrtune.planned import cost, planned
from lrtune.wire import JobRequest, Phase, Trial
from store import Tx, answers, events, jobs, range_tests, trials, units
from workers.planning import outside, sizing
from workers.planning.step import Step
from workers.planning.view import View
from workers.protocol import Length

T = TypeVar("T")

TRAININGS = 8
"""Trainings of a unit: a generation of the search. With more, one worker would be faster and others idle."""


def apply(tx: Tx, view: View, step: Step) -> None:
    """Write a step's results, and either its work or the job's end.

    Args:
        tx: Holds the plan unit's lease.
        view: What the step was decided from.
        step: As decided.
    """
    job_id = view.job.id
    if step.range_test is not None:
        range_tests.put(tx, job_id, step.range_test)
        told = step.range_test.model_dump(mode="json", include={"outcome", "reasons", "suggested_lr"})
        events.add(tx, job_id, "range_test", told)
    if step.error is not None:
        jobs.fail(tx, job_id, step.error)
        return
    if step.answer is not None:
        answers.put(tx, job_id, step.answer)
        told = {"verdict": step.answer.verdict, "initial_lr": step.answer.initial_lr}
        events.add(tx, job_id, "answer", told | {"schedule": step.answer.schedule.model_dump()})
        for warning in step.answer.warnings:
            events.add(tx, job_id, "warning", {"text": warning})
        jobs.succeed(tx, job_id)
        return
    _work(tx, view, step)


def _work(tx: Tx, view: View, step: Step) -> None:
    job_id = view.job.id
    if step.phase is not None and step.phase is not view.job.phase:
        jobs.set_phase(tx, job_id, step.phase)
        events.add(tx, job_id, "phase", {"phase": step.phase})
    if step.transferred:
        named = ", ".join(each.job for each in step.transferred)
        begun = [each.setting.model_dump(mode="json") for each in step.transferred]
        events.add(tx, job_id, "transfer", {"jobs": named, "settings": begun})
    if step.stopped_early is not None:
        events.add(tx, job_id, "stopped_early", step.stopped_early.model_dump(mode="json"))
    if view.request.mode == "external":
        _outside(tx, view, step)
    else:
        _inside(tx, view, step)
    _expect(tx, view, step)


def _outside(tx: Tx, view: View, step: Step) -> None:
    outside.tell(tx, view)
    for sweep in step.sweeps:
        outside.add_sweep(tx, view, sweep)
    if step.trials:
        first = step.trials[0]
        numbers = trials.add(tx, view.job.id, list(step.trials))
        outside.add_trials(tx, view, first.phase, first.generation, numbers)


def _inside(tx: Tx, view: View, step: Step) -> None:
    job_id, at_once = view.job.id, view.request.max_parallel
    for sweep in step.sweeps:
        for share in shares(sweep.seeds, at_once):
            payload = {"sweep": sweep.number, "lrs": sweep.lrs, "seeds": share}
            payload |= {"batch_size": sweep.batch_size, "accumulate": sweep.accumulate}
            units.add(tx, job_id, "range_test", payload, at_once=at_once)
    if step.trials:
        numbers = trials.add(tx, job_id, list(step.trials))
        for share in shares(numbers, at_once):
            units.add(tx, job_id, "train", {"numbers": share}, at_once=at_once)


def shares(items: Sequence[T], at_once: int | None = None, *, size: int = TRAININGS) -> list[list[T]]:
    """``items`` in consecutive parts of about equal length, at most ``size`` each.

    A function of the items and the request alone: trainings that run as one population share their last bits
    (docs/decisions/0007), so who trains together must not hang on how many workers there are.

    Args:
        items: What is to be shared out.
        at_once: ``max_parallel`` of the request: make so many parts at least, as far as there are items.
        size: The most items of a part.
    """
    parts = max(-(-len(items) // size), min(at_once or 1, len(items)))
    return [list(items[len(items) * i // parts : len(items) * (i + 1) // parts]) for i in range(parts)]


def _expect(tx: Tx, view: View, step: Step) -> None:
    """Tell the store how much there is to do in all, so that progress and time left can be told."""
    added = [(trial.phase, trial.epochs) for trial in step.trials]
    known = [(trial.phase, _epochs(trial)) for trial in view.trials] + added
    for phase, (trainings, epochs) in planned(view.request).items():
        if phase is Phase.RANGE_TEST and view.facts is not None:
            trainings = view.request.range_test.seeds * (1 + len(sizing.asked(view.request, view.facts)))
        there = [length for where, length in known if where is phase]
        waiting = max(trainings - len(there), 0)
        if there and (phase is not Phase.SEARCH or step.phase is Phase.CONFIRM):
            waiting = 0
        jobs.plan_phase(
            tx,
            view.job.id,
            phase,
            trainings=len(there) + waiting,
            epochs=sum(there) + waiting * epochs,
        )


def _epochs(trial: Trial) -> int:
    return len(trial.curve) if trial.state.final else trial.epochs


def length(request: JobRequest) -> Length:
    """How much a request trains in all, as far as it tells, and how many trainings make a usual unit."""
    return Length(
        epochs=cost(request).epochs, unit_lanes=max(map(len, shares(range(TRAININGS), request.max_parallel)))
    )
