"""Jobs side by side: what they differ in, and which did best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lrtune.wire import ComparedJob, Comparison, Contrast

PROVENANCE = ("batch_size", "steps_per_epoch", "precision", "device")
"""What the request may leave open, and the measurement settles."""


def compare(jobs: Sequence[ComparedJob]) -> Comparison:
    """Put jobs side by side.

    Results are ranked only where all answers judge the same task by the same metric; a difference is called
    chance where the 95 % intervals of the best two means overlap, which errs on the side of caution.
    """
    answered = [each for each in jobs if each.answer is not None]
    remarks = list(_without_answer(jobs))
    best = None
    if len(answered) > 1:
        incomparable = _incomparable(answered)
        if incomparable:
            remarks.append(incomparable)
        else:
            best, overlap = _best(answered)
            if overlap:
                remarks.append(overlap)
    return Comparison(
        jobs=list(jobs), differing=list(_contrasts(jobs)), best=best.job.id if best else None, remarks=remarks
    )


def _without_answer(jobs: Sequence[ComparedJob]) -> Iterator[str]:
    for each in jobs:
        if each.answer is None:
            yield f"Job {each.job.id} has no answer: it is {each.job.state.value}."


def _incomparable(answered: Sequence[ComparedJob]) -> str | None:
    metrics = {(e.answer.metric.name, e.answer.metric.goal) for e in answered if e.answer}
    if len(metrics) > 1:
        told = ", ".join(sorted(f"{name} ({goal})" for name, goal in metrics))
        return f"The answers are judged by different metrics, which cannot be compared: {told}."
    tasks = {e.job.task for e in answered}
    if len(tasks) > 1:
        return (
            f"The jobs are of different tasks, whose results cannot be compared: {', '.join(sorted(tasks))}."
        )
    return None


def _best(answered: Sequence[ComparedJob]) -> tuple[ComparedJob | None, str | None]:
    def mean(each: ComparedJob) -> float:
        assert each.answer is not None
        metric = each.answer.metric
        return -metric.mean if metric.goal == "maximize" else metric.mean

    first, second = sorted(answered, key=mean)[:2]
    assert first.answer is not None
    assert second.answer is not None
    one, other = first.answer.metric, second.answer.metric
    if one.low <= other.high and other.low <= one.high:
        return first, (
            f"The intervals of {first.job.id} and {second.job.id} overlap: their difference may be chance."
        )
    return first, None


def _contrasts(jobs: Sequence[ComparedJob]) -> Iterator[Contrast]:
    facts = [_facts(each) for each in jobs]
    for what in dict.fromkeys(name for each in facts for name in each):
        values = [each.get(what) for each in facts]
        if any(value != values[0] for value in values):
            yield Contrast(what=what, values=values)


def _facts(each: ComparedJob) -> dict[str, Any]:
    said = each.job.request.model_dump(mode="json", exclude={"task", "tags"})
    found = {"task": f"{each.job.task}@{each.job.task_version}", **dict(_leaves(said))}
    if each.answer is not None:
        measured = each.answer.provenance
        found |= {name: getattr(measured, name) for name in PROVENANCE}
        found |= {f"versions/{name}": version for name, version in measured.versions.items()}
    return found


def _leaves(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        where = f"{path}/{name}" if path else name
        if isinstance(item, dict):
            yield from _leaves(item, where)
        else:
            yield where, item
