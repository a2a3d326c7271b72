"""Trainings that clients run: a report for every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from lrtune import schedules
from lrtune.search import Pruner
from lrtune.search.evidence import signed
from lrtune.wire import (
    ExternalReport,
    FieldError,
    Job,
    Report,
    StopReason,
    Trial,
    TrialEnd,
    TrialState,
    Verdict,
)
from lrtune.wire.external import TRAIN_LOSS
from service.external.holding import tell, told, trial_of, wrong
from service.problems import field_problem
from store import Tx, events, trials
from store.units import Lease

REACTIVE = "plateau"
"""The one family whose learning rates hang on losses."""


def report(tx: Tx, job: Job, lease: Lease, reports: Sequence[ExternalReport]) -> Verdict:
    """Take in epochs; see ``service.external.report``."""
    trial = trial_of(tx, lease)
    new = _new(job, trial, reports)
    if new:
        trials.report(tx, job.id, [(trial.number, each) for each in new])
        tell(tx, job.id)
        trial = trial_of(tx, lease)
    return _verdict(job, trial, lease)


def _new(job: Job, trial: Trial, reports: Sequence[ExternalReport]) -> list[Report]:
    """The epochs that were not there, each once: the first word on an epoch counts."""
    errors = []
    known = {report.epoch: report.values for report in trial.curve}
    found = dict(known)
    needed = dict.fromkeys(("loss", job.request.metric.name))
    for number, each in enumerate(reports):
        field = f"/reports/{number}"
        if each.epoch is None or each.step is not None:
            errors.append(wrong(f"{field}/epoch", "This trial reports after epochs.", "Give epoch, no step."))
        elif each.epoch > trial.epochs:
            errors.append(
                wrong(f"{field}/epoch", f"The trial has {trial.epochs} epochs.", "Stop after them.")
            )
        elif missing := [name for name in needed if name not in each.values]:
            detail = f"It lacks {', '.join(missing)}."
            errors.append(wrong(f"{field}/values", detail, "Give it, null where it was NaN or infinite."))
        else:
            found.setdefault(each.epoch, each.values)
    if errors:
        raise field_problem(errors)
    steps = told(job).steps_per_epoch
    return [
        Report(epoch=epoch, step=epoch * steps, lr=lr, values=found[epoch])
        for epoch, lr in _last_lrs(job, trial, found)
        if epoch not in known
    ]


def _last_lrs(
    job: Job, trial: Trial, values: Mapping[int, Mapping[str, float | None]]
) -> Iterator[tuple[int, float]]:
    """Epochs in order, each with the LR of its last step as far as the losses before it are known."""
    steps = told(job).steps_per_epoch
    course = start(job, trial)
    whole = True
    for place, epoch in enumerate(sorted(values), 1):
        yield epoch, course.lr(epoch * steps - 1)
        whole = whole and epoch == place
        if whole:
            course.epoch_end(_loss(values[epoch]))


def start(job: Job, trial: Trial) -> schedules.Course:
    """The course of a trial's learning rates."""
    steps = told(job).steps_per_epoch
    return schedules.start(trial.setting, total_steps=trial.epochs * steps, steps_per_epoch=steps)


def _loss(values: Mapping[str, float | None]) -> float:
    loss = values.get("loss")
    return math.nan if loss is None else loss


def _contiguous(trial: Trial) -> list[Report]:
    """The reports up to the first epoch that is not there yet."""
    return [report for place, report in enumerate(trial.curve, 1) if report.epoch == place]


def _verdict(job: Job, trial: Trial, lease: Lease) -> Verdict:
    reports = _contiguous(trial)
    reason = _reason(job, trial, lease)
    lr = None
    if trial.schedule == REACTIVE and len(reports) < trial.epochs and reason is None:
        steps = told(job).steps_per_epoch
        course = start(job, trial)
        for each in reports:
            course.epoch_end(_loss(each.values))
        lr = [course.lr(len(reports) * steps + step) for step in range(steps)]
    return Verdict(stop=reason is not None, reason=reason, reported=len(reports), lr=lr)


def _reason(job: Job, trial: Trial, lease: Lease) -> StopReason | None:
    reports = _contiguous(trial)
    if any(each.values.get(TRAIN_LOSS, 0.0) is None for each in reports):
        return StopReason.DIVERGED
    bars = Pruner({int(epoch): bar for epoch, bar in lease.payload["bars"].items()})
    metric = job.request.metric
    values = [signed(each.values[metric.name], metric) for each in reports][: trial.epochs - 1]
    if any(bars.stop(values[:epoch]) for epoch in range(1, len(values) + 1)):
        return StopReason.PRUNED
    return None


def finish(tx: Tx, job: Job, lease: Lease, name: str, wanted: str | None) -> TrialEnd:
    """Make the trial final as ``wanted``, or as its reports say; see ``service.external.finish``."""
    trial = trial_of(tx, lease)
    reports = _contiguous(trial)
    reason = _reason(job, trial, lease)
    value = None
    if wanted == "diverged" or (wanted is None and reason is StopReason.DIVERGED):
        state = TrialState.DIVERGED
    elif len(reports) == trial.epochs and wanted in (None, "complete"):
        value = reports[-1].values[job.request.metric.name]
        state = TrialState.DIVERGED if value is None else TrialState.COMPLETE
    elif reason is StopReason.PRUNED and wanted in (None, "pruned"):
        state = TrialState.PRUNED
    else:
        raise field_problem([_unfinished(trial, len(reports), wanted)])
    trials.finish(tx, job.id, [(trial.number, state, value)])
    events.add(tx, job.id, "trial", {"number": trial.number, "state": state, "value": value})
    return TrialEnd(name=name, state=state, value=value)


def _unfinished(trial: Trial, done: int, wanted: str | None) -> FieldError:
    if wanted == "pruned":
        detail = "No report was answered with the word to stop."
        return wrong("/state", detail, "Train on; hand it back with released.")
    detail = f"{done} of the trial's {trial.epochs} epochs are reported without a gap."
    return wrong("/state", detail, "Report the others; or say diverged, released or failed.")
