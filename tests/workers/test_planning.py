"""What a job does next."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from lrtune import schedules
from lrtune.answer import BASELINES
from lrtune.schedules import FamilyRow
from lrtune.wire import BestAnswer, JobRequest, Outcome, Phase, ScalingRule, Setting
from tests.unit.answer import jobs
from tests.workers import simulation
from workers.planning import View, next_step, sizing
from workers.planning.step import Step

REQUEST = JobRequest.model_validate(
    {
        "task": "t",
        "epochs": 16,
        "range_test": {"min_lr": 1e-6, "max_lr": 10, "seeds": 3},
        "search": {"trials": 21, "seed": 5},
        "confirm": {"finalists": 2, "seeds": 4},
    }
)


def run(
    request: JobRequest = REQUEST, until: Callable[[Step], bool] = lambda step: False
) -> tuple[View, Step]:
    """Follow a job to its end, or to the first step that ``until`` holds for."""
    view = simulation.view(request)
    for _ in range(50):
        step = next_step(view)
        if step.answer or step.error or until(step):
            return view, step
        view = simulation.follow(view, step)
    raise AssertionError("the job does not end")


def test_a_job_begins_with_its_sweep() -> None:
    step = next_step(simulation.view(REQUEST))
    assert step.phase is Phase.RANGE_TEST
    (sweep,) = step.sweeps
    assert sweep.number == 0
    assert len(set(sweep.seeds)) == 3
    assert (sweep.lrs[0], sweep.lrs[-1], len(sweep.lrs)) == (1e-6, 10.0, 176)
    assert not step.trials


def test_the_sweep_is_followed_by_probes_inside_what_it_found() -> None:
    _, step = run(until=lambda step: step.phase is Phase.PROBES)
    assert step.range_test is not None
    assert step.range_test.outcome is Outcome.OK
    assert {trial.epochs for trial in step.trials} == {2}
    assert all(1e-6 < trial.setting.initial_lr < 1 for trial in step.trials)
    assert set(Counter(trial.setting.initial_lr for trial in step.trials).values()) == {2}


def test_probes_verify_the_suggestion_before_the_search() -> None:
    _, step = run(until=lambda step: step.phase is Phase.SEARCH)
    assert step.range_test is not None
    assert step.range_test.suggestion is not None
    assert step.range_test.suggestion.verified
    assert 2e-3 < step.range_test.suggestion.lr < 5e-2


def test_the_search_runs_exactly_as_many_trials_as_asked_on_one_seed() -> None:
    view, _ = run()
    search = [trial for trial in view.trials if trial.phase is Phase.SEARCH]
    assert len(search) == 21
    assert len({trial.seed for trial in search}) == 1
    assert [trial.number for trial in view.trials] == list(range(len(view.trials)))


def test_a_search_that_is_settled_stops_and_says_what_that_saved() -> None:
    long = REQUEST.model_copy(update={"search": REQUEST.search.model_copy(update={"trials": 120})})
    view, step = run(long)
    search = [trial for trial in view.trials if trial.phase is Phase.SEARCH]
    assert 32 <= len(search) < 120
    assert step.answer is not None
    early = step.answer.stopped_early
    assert early is not None
    assert (early.trials, early.asked) == (len(search), 120)
    assert 0 < early.saved_full_runs <= 120 - len(search)
    assert 3e-3 < step.answer.initial_lr < 3e-2
    whole = REQUEST.search.model_copy(update={"trials": 40, "stop_early": False})
    view, step = run(REQUEST.model_copy(update={"search": whole}))
    assert len([trial for trial in view.trials if trial.phase is Phase.SEARCH]) == 40
    assert step.answer is not None
    assert step.answer.stopped_early is None


def test_contenders_meet_on_the_same_fresh_seeds() -> None:
    view, _ = run()
    confirm = [trial for trial in view.trials if trial.phase is Phase.CONFIRM]
    seeds = {label: {t.seed for t in confirm if t.label == label} for label in {t.label for t in confirm}}
    assert set(BASELINES) < set(seeds)
    assert len(seeds) == len(BASELINES) + 2
    assert len({frozenset(found) for found in seeds.values()}) == 1
    assert len(seeds["default"]) == 4
    assert not seeds["default"] & {t.seed for t in view.trials if t.phase is not Phase.CONFIRM}


OWN = FamilyRow.model_validate(
    {
        "name": "custom:saw",
        "title": "Saw",
        "summary": "",
        "params": [
            {"name": "depth", "kind": "float", "low": 0.1, "high": 0.9, "default": 0.5},
            {"name": "warmup", "kind": "float", "low": 0.0, "high": 0.1, "default": 0.0},
        ],
        "function": "train:saw",
    }
)


def own(request: JobRequest) -> tuple[View, Step]:
    """Follow a job whose task brings a schedule of its own, which is better than all others."""
    view = simulation.view(request, own=OWN)
    for _ in range(50):
        step = next_step(view)
        if step.answer or step.error:
            return view, step
        view = simulation.follow(view, step)
    raise AssertionError("the job does not end")


def test_a_schedule_of_the_tasks_own_is_searched_confirmed_untuned_too_and_can_win() -> None:
    view, step = own(REQUEST)
    searched = {trial.setting.schedule for trial in view.trials if trial.phase is Phase.SEARCH}
    assert {"custom:saw", "cosine"} <= searched
    [untuned] = {
        trial.setting.initial_lr
        for trial in view.trials
        if trial.phase is Phase.CONFIRM and trial.label == "custom:saw"
    }
    assert view.range_test is not None
    assert untuned == view.range_test.suggested_lr
    answer = step.answer
    assert answer is not None
    assert (answer.schedule.family, answer.schedule.function) == ("custom:saw", "train:saw")
    assert "custom:saw" in {contender.name for contender in answer.baselines}


def test_a_job_may_search_the_tasks_own_schedules_alone_or_none_of_them() -> None:
    for named in (("custom:saw",), ("cosine", "linear")):
        view, step = own(
            REQUEST.model_copy(update={"search": REQUEST.search.model_copy(update={"schedules": named})})
        )
        assert step.answer is not None
        searched = {trial.setting.schedule for trial in view.trials if trial.phase is Phase.SEARCH}
        assert searched == set(named)


def test_no_finalist_repeats_a_baseline() -> None:
    view, _ = run()
    confirm = {t.label: t for t in view.trials if t.phase is Phase.CONFIRM}
    spelled = [
        (t.schedule, t.initial_lr, tuple(schedules.check(t.schedule, t.params).items()))
        for t in confirm.values()
    ]
    assert len(set(spelled)) == len(spelled)


def test_the_answer_is_right_and_says_what_it_cost() -> None:
    view, step = run()
    assert step.answer is not None
    assert 3e-3 < step.answer.initial_lr < 3e-2
    assert step.answer.beats_default
    assert step.answer.schedule.family != "constant"
    epochs = sum(len(trial.curve) for trial in view.trials)
    assert step.answer.cost_full_runs == pytest.approx((3 * 176 + epochs * 10) / 160)
    assert step.answer.provenance.steps_per_epoch == 10


def test_row_order_does_not_matter() -> None:
    view, _ = run(until=lambda step: step.phase is Phase.SEARCH and bool(step.trials[0].generation))
    shuffled = list(view.trials)
    random.Random(1).shuffle(shuffled)
    assert next_step(replace(view, trials=shuffled)) == next_step(view)


def test_another_seed_searches_elsewhere() -> None:
    other = REQUEST.model_copy(update={"search": REQUEST.search.model_copy(update={"seed": 6})})
    found = [
        [trial.setting for trial in run(request)[0].trials if trial.phase is Phase.SEARCH]
        for request in (REQUEST, REQUEST, other)
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_a_loss_that_is_never_finite_ends_the_job_with_a_remedy() -> None:
    view = simulation.view(REQUEST)
    for _ in range(4):
        step = next_step(view)
        if step.error:
            break
        view = simulation.follow(view, step, loss=lambda lr, seed: None)
    assert step.error is not None
    assert step.error.code == "loss_not_finite"
    assert step.error.remedy
    assert "Check the data" in step.error.remedy


def test_a_sweep_that_never_diverges_is_widened_then_goes_on() -> None:
    view = simulation.view(REQUEST)
    sweeps = []
    while (step := next_step(view)).sweeps:
        sweeps.extend(step.sweeps)
        view = simulation.follow(view, step, loss=lambda lr, seed: 2.0 - 1 / (1 + 1 / (lr * 1e3)))
    assert len(sweeps) > 1
    assert sweeps[1].lrs[-1] > sweeps[0].lrs[-1]
    assert step.phase is Phase.PROBES


def test_when_everything_diverges_the_job_says_so() -> None:
    view = simulation.view(REQUEST)

    def never(setting: Setting, seed: int) -> float | None:
        return None

    while not (step := next_step(view)).error:
        assert step.answer is None
        view = simulation.follow(view, step, final=never)
    assert step.error.code == "no_answer"
    assert step.error.remedy


def test_a_search_begins_with_earlier_answers_unless_told_not_to() -> None:
    view, before = run(until=lambda step: step.phase is Phase.SEARCH)
    told = jobs.answer(jobs.confirm({"trial 3": [1.0, 1.1, 1.2], "default": [2.0, 2.1, 2.2]}))
    near = replace(view, earlier=[BestAnswer(job="before", answer=told)])
    step = next_step(near)
    assert [each.job for each in step.transferred] == ["before"]
    assert len(step.trials) == len(before.trials)
    assert step.trials[0] == before.trials[0]
    assert step.trials[1].setting.schedule == told.schedule.family
    assert not before.transferred


def sizes(**range_test: object) -> JobRequest:
    spec = REQUEST.range_test.model_copy(update=range_test)
    return REQUEST.model_copy(update={"range_test": spec})


def test_other_batch_sizes_are_swept_over_the_same_lrs_and_give_a_rule() -> None:
    request = sizes(batch_sizes=(8, 32, 128, 100_000), accumulate=(1, 4))
    view, step = run(request, until=lambda step: bool(step.sweeps) and step.sweeps[0].number > 0)
    assert [(each.batch_size, each.accumulate) for each in step.sweeps] == [(8, 1), (128, 1), (128, 4)]
    assert len({each.number for each in step.sweeps}) == 3
    assert all(each.lrs == view.curves[0].lr for each in step.sweeps)
    assert all(each.seeds == [curve.seed for curve in view.curves] for each in step.sweeps)

    step = next_step(simulation.follow(view, step))
    assert step.phase is Phase.PROBES
    assert step.range_test is not None
    by_batch, by_accumulate = step.range_test.scaling
    assert [size.batch_size for size in by_batch.sizes] == [8, 32, 128]
    assert by_batch.rule is ScalingRule.LINEAR
    assert by_batch.exponent == pytest.approx(1.0, abs=0.15)
    assert "100000 was not swept" in by_batch.text
    assert "320 training examples" in by_batch.text
    assert [(size.batch_size, size.accumulate) for size in by_accumulate.sizes] == [(32, 1), (128, 4)]


def test_sweeps_at_other_batch_sizes_cost_by_their_examples() -> None:
    usual, _ = run(until=lambda step: step.phase is Phase.PROBES)
    view, _ = run(sizes(batch_sizes=(16, 128)), until=lambda step: step.phase is Phase.PROBES)
    assert view.facts is not None
    assert view.swept_steps == usual.swept_steps
    cost = sizing.steps(view.request, view.facts, view.swept_steps, view.sized)
    assert cost == pytest.approx(view.swept_steps * (1 + 0.5 + 4))
    spec = REQUEST.range_test.model_copy(update={"loss": "validation"})
    told = sizing.steps(REQUEST.model_copy(update={"range_test": spec}), view.facts, 100, {})
    # 100 validation examples, each a third of a training example.
    assert told == pytest.approx(100 * (1 + 100 / 3 / 32))


def test_a_task_that_trains_itself_keeps_its_batch_size_and_is_told_so() -> None:
    view = simulation.view(sizes(batch_sizes=(8, 128)))
    view = replace(view, facts=simulation.FACTS.model_copy(update={"mode": "owned"}))
    step = next_step(simulation.follow(view, next_step(view)))
    assert step.phase is Phase.PROBES
    assert step.range_test is not None
    assert "trains itself" in step.range_test.scaling[0].text
