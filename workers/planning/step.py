"""The next step of a job, decided from its rows alone.

Every decision is a function of rows that are final and of the request, with randomness from the request's
seed: whoever plans, however often and on how many workers the trainings ran, the same step comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lrtune import rangetest, schedules
from lrtune.answer import NoAnswer, baselines, conclude, finalists
from lrtune.search import generation_sizes
from lrtune.search.importance import importances
from lrtune.search.stopping import settled
from lrtune.search.study import propose
from lrtune.search.transfer import Transferred, transferred
from lrtune.wire import (
    DEFAULT_SCHEDULES,
    Answer,
    JobError,
    JobRequest,
    Phase,
    Provenance,
    RangeTest,
    SearchSpec,
    Setting,
    StoppedEarly,
    Trial,
    TrialState,
)
from store.trials import NewTrial
from workers.facts import Facts
from workers.planning import sizing
from workers.planning.seeds import seeds
from workers.planning.view import View


@dataclass(frozen=True)
class Sweep:
    """A sweep to run: its number, learning rates and seeds; ``batch_size`` is the job's own when None."""

    number: int
    lrs: list[float]
    seeds: list[int]
    batch_size: int | None = None
    accumulate: int = 1


@dataclass(frozen=True)
class Step:
    """What to write: results first, then either work of a ``phase``, or the end (``answer`` or ``error``).

    ``transferred`` goes with the first step of a search, ``stopped_early`` with the first one after a search
    that ended before its last trial.
    """

    phase: Phase | None = None
    range_test: RangeTest | None = None
    sweeps: Sequence[Sweep] = field(default_factory=tuple)
    trials: Sequence[NewTrial] = field(default_factory=tuple)
    transferred: Sequence[Transferred] = field(default_factory=tuple)
    stopped_early: StoppedEarly | None = None
    answer: Answer | None = None
    error: JobError | None = None


def next_step(view: View) -> Step:
    """What the job does next; all its trainings so far are final."""
    if view.range_test is None:
        return _range_test(view)
    if view.facts is None:
        raise ValueError(f"job {view.job.id} has a range test but no facts of its task")
    if not _of(view, Phase.SEARCH):
        return _first_generation(view, view.range_test, view.facts)
    if not _of(view, Phase.CONFIRM):
        return _generation(view, view.range_test, view.facts) or _confirm(view, view.range_test, view.facts)
    return _answer(view, view.range_test, view.facts)


def _of(view: View, phase: Phase) -> list[Trial]:
    return [trial for trial in view.trials if trial.phase is phase]


def _range_test(view: View) -> Step:
    spec = view.request.range_test
    if view.sweep < 0:
        return Step(phase=Phase.RANGE_TEST, sweeps=[_sweep(view, 0, spec.min_lr, spec.max_lr)])
    lr, loss = rangetest.arrays(view.curves)
    found = rangetest.analyse(
        lr,
        loss,
        rng=np.random.default_rng([view.request.search.seed, view.sweep]),
        seeds=[curve.seed for curve in view.curves],
    )
    wider = rangetest.extension(found, spec)
    if wider is not None:
        return Step(phase=Phase.RANGE_TEST, sweeps=[_sweep(view, view.sweep + 1, *wider)])
    if all(curve.loss[0] is None for curve in view.curves):
        return Step(error=_never_finite(float(lr[0])))
    if view.facts is None:
        raise ValueError(f"job {view.job.id} has curves but no facts of its task")
    wanted = sizing.asked(view.request, view.facts)
    if wanted and not view.sized:
        own = _sweep(view, 0, float(lr[0]), float(lr[-1]))
        return Step(
            phase=Phase.RANGE_TEST,
            sweeps=[
                replace(own, number=e.number, batch_size=e.batch_size, accumulate=e.accumulate)
                for e in wanted
            ],
        )
    found = found.model_copy(
        update={
            "loss": spec.loss,
            "scaling": sizing.scalings(view.request, view.facts, view.curves, view.sized),
        }
    )
    return Step(phase=Phase.PROBES, range_test=found, trials=_probes(view, found, view.facts))


def _sweep(view: View, number: int, low: float, high: float) -> Sweep:
    spec = view.request.range_test
    return Sweep(
        number,
        [float(lr) for lr in rangetest.sweep_lrs(low, high, spec.steps_per_decade)],
        seeds(view.request.search.seed, Phase.RANGE_TEST, spec.seeds),
    )


def _never_finite(lr: float) -> JobError:
    return JobError(
        code="loss_not_finite",
        detail=f"The training loss was NaN or infinite from the first step on, even at an LR of {lr:.0e}, "
        "with every seed.",
        remedy="No learning rate can mend that. Check the data for NaN, the loss for log(0) or a division by "
        "zero, and the model's initial weights.",
    )


def _probes(view: View, found: RangeTest, facts: Facts) -> list[NewTrial]:
    request = view.request
    return [
        NewTrial(Phase.PROBES, 0, setting, seed, rangetest.probe_epochs(request.epochs))
        for setting in rangetest.probe_settings(found, facts.default_lr)
        for seed in seeds(request.search.seed, Phase.PROBES, rangetest.PROBE_SEEDS)
    ]


def _first_generation(view: View, found: RangeTest, facts: Facts) -> Step:
    verified = rangetest.verify(
        found, _of(view, Phase.PROBES), view.request.metric, epochs=view.request.epochs
    )
    request = view.request
    begin = transferred(
        view.earlier,
        optimizer=request.optimizer.name,
        batch_size=facts.batch_size,
        epochs=request.epochs,
        schedules=_spec(view, facts).schedules,
    )
    return Step(
        phase=Phase.SEARCH,
        range_test=verified,
        transferred=begin,
        trials=_search(view, verified, facts, 0, begin),
    )


def _generation(view: View, found: RangeTest, facts: Facts) -> Step | None:
    generation = max(trial.generation for trial in _of(view, Phase.SEARCH)) + 1
    if generation >= len(generation_sizes(view.request.search.trials)) or _settled(view, found, facts):
        return None
    return Step(phase=Phase.SEARCH, trials=_search(view, found, facts, generation))


def _settled(view: View, found: RangeTest, facts: Facts) -> bool:
    request = view.request
    lrs = rangetest.prior(found, facts.default_lr)
    spec = _spec(view, facts)
    return settled(spec, lrs, _of(view, Phase.SEARCH), request.metric, families=facts.families)


def _spec(view: View, facts: Facts) -> SearchSpec:
    """The search with its families: where the request names none, the task's own are among them."""
    spec = view.request.search
    if spec.schedules != DEFAULT_SCHEDULES:
        return spec
    own = tuple(row.name for row in facts.schedules)
    return spec.model_copy(update={"schedules": (*spec.schedules, *own)})


def _stopped_early(view: View, facts: Facts) -> StoppedEarly | None:
    search, asked = _of(view, Phase.SEARCH), view.request.search.trials
    if len(search) >= asked:
        return None
    each = sum(_steps(trial, facts) for trial in search) / len(search)
    saved = (asked - len(search)) * each / (facts.steps_per_epoch * view.request.epochs)
    return StoppedEarly(trials=len(search), asked=asked, saved_full_runs=saved)


def _search(
    view: View, found: RangeTest, facts: Facts, generation: int, begin: Sequence[Transferred] = ()
) -> list[NewTrial]:
    request = view.request
    settings = propose(
        _spec(view, facts),
        rangetest.prior(found, facts.default_lr),
        [trial for trial in _of(view, Phase.SEARCH) if trial.generation < generation],
        generation_sizes(request.search.trials)[generation],
        generation,
        request.metric,
        begin=[each.setting for each in begin],
        families=facts.families,
    )
    (seed,) = seeds(request.search.seed, Phase.SEARCH, 1)
    return [NewTrial(Phase.SEARCH, generation, setting, seed, request.epochs) for setting in settings]


def _confirm(view: View, found: RangeTest, facts: Facts) -> Step:
    request = view.request
    usual = baselines(request, found, facts.default_lr, own=[row.name for row in facts.schedules])
    # A trial that a baseline repeats would train twice to learn the same.
    known = [_spelled(setting, facts) for _, setting in usual]
    new = [trial for trial in view.trials if _spelled(trial.setting, facts) not in known]
    contenders: list[tuple[str, Setting]] = [
        (f"trial {trial.number}", trial.setting)
        for trial in finalists(new, request.confirm.finalists, request.metric.goal)
    ]
    contenders += usual
    return Step(
        phase=Phase.CONFIRM,
        stopped_early=_stopped_early(view, facts),
        trials=[
            NewTrial(Phase.CONFIRM, 0, setting, seed, request.epochs, label)
            for label, setting in contenders
            for seed in seeds(request.search.seed, Phase.CONFIRM, request.confirm.seeds)
        ],
    )


def _spelled(setting: Setting, facts: Facts) -> Setting:
    """The setting with every parameter named, so that settings that are the same compare equal."""
    params = schedules.check(setting.schedule, setting.params, families=facts.families)
    return setting.model_copy(update={"params": params})


def _answer(view: View, found: RangeTest, facts: Facts) -> Step:
    request = view.request
    try:
        answer = conclude(
            request=request,
            range_test=found,
            trials=view.trials,
            simplicity=lambda name: schedules.simplicity(name, families=facts.families),
            functions={row.name: row.function for row in facts.schedules},
            cost_full_runs=_cost(view, facts),
            provenance=_provenance(view, facts),
            stopped_early=_stopped_early(view, facts),
            importances=importances(
                _spec(view, facts),
                rangetest.prior(found, facts.default_lr),
                view.trials,
                request.metric,
                families=facts.families,
            ),
            rng=np.random.default_rng(request.search.seed),
        )
    except NoAnswer as error:
        return Step(error=JobError(code="no_answer", detail=error.detail, remedy=error.remedy))
    return Step(answer=answer)


def _cost(view: View, facts: Facts) -> float:
    """Optimizer steps of the whole job over those of one training; a sweep that was replaced counts too."""
    trained = sum(_steps(trial, facts) for trial in view.trials)
    swept = sizing.steps(view.request, facts, view.swept_steps, view.sized)
    return (swept + trained) / (facts.steps_per_epoch * view.request.epochs)


def _steps(trial: Trial, facts: Facts) -> int:
    if trial.state is TrialState.COMPLETE:
        return trial.epochs * facts.steps_per_epoch
    # A trial that diverged did so somewhere in the epoch after its last report: count that one whole.
    reported = len(trial.curve) + (trial.state is TrialState.DIVERGED)
    return min(reported, trial.epochs) * facts.steps_per_epoch


def _provenance(view: View, facts: Facts) -> Provenance:
    request: JobRequest = view.request
    return Provenance(
        task=view.job.task,
        task_version=view.job.task_version,
        task_digest=view.job.task_digest,
        params=request.params,
        optimizer=request.optimizer.model_dump(),
        batch_size=facts.batch_size,
        epochs=request.epochs,
        steps_per_epoch=facts.steps_per_epoch,
        precision=facts.precision,
        accumulate=facts.accumulate,
        device=facts.device,
        versions=facts.versions,
    )
