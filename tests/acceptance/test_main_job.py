"""A job from submission to answer, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrtune.client.result import Result
from lrtune.wire import JobRequest, Phase, Trial, TrialState
from tests.acceptance.conftest import SMALL, same
from tests.acceptance.processes import serving, working

Undisturbed = tuple[Result, list[Trial]]


def test_every_phase_leaves_what_it_should(undisturbed: Undisturbed) -> None:
    result, trials = undisturbed
    assert [t.number for t in trials] == list(range(len(trials)))
    assert sum(t.phase is Phase.SEARCH for t in trials) == 18
    assert all(t.state.final for t in trials)
    assert any(t.state is TrialState.COMPLETE for t in trials)
    assert all(len(t.curve) == t.epochs for t in trials if t.state is TrialState.COMPLETE)
    answer = result.answer
    low, high = answer.safe_band
    assert low <= answer.initial_lr <= high
    assert 1e-4 < answer.initial_lr < 1
    assert answer.metric.seeds == 3
    assert {b.name for b in answer.baselines} == {"default", "constant", "cosine", "one_cycle"}
    assert answer.provenance.task == "digits-mlp"
    assert result.job.progress.done == result.job.progress.total > 0


def test_everything_is_there_to_read(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = server.client()
        kinds = []
        handle = client.submit(JobRequest.model_validate(SMALL))
        result = handle.wait(on_event=lambda event: kinds.append(event.kind), timeout_s=240)
        assert {"state", "phase", "progress", "trial", "range_test", "engine", "answer"} <= set(kinds)
        found = client.range_test(handle.id)
        assert found.suggestion is not None
        assert found.suggestion.verified
        assert len(found.curves) == 2
        for picture in (client.range_test_png(handle.id), client.schedules_png(handle.id)):
            assert picture.startswith(b"\x89PNG")
        (best,) = client.best("digits-mlp", "adamw")
        assert best.job == handle.id
        assert best.answer == result.answer
        assert not list(client.best("digits-mlp", "sgd"))
        code = client.code(handle.id, "pytorch")
        assert "AdamW" in code
        compile(code, "answer.py", "exec")
        compile(client.code(handle.id, "keras"), "answer.py", "exec")


def test_the_same_seed_gives_the_same_trials_on_two_workers(tmp_path: Path, undisturbed: Undisturbed) -> None:
    with serving(tmp_path, workers=1) as server, working(tmp_path):
        client = server.client()
        handle = client.submit(JobRequest.model_validate(SMALL))
        result = handle.wait(timeout_s=240)
        same(list(client.trials(handle.id)), undisturbed[1])
    assert result.answer.schedule == undisturbed[0].answer.schedule
    assert result.answer.initial_lr == pytest.approx(undisturbed[0].answer.initial_lr)


def test_on_postgresql_two_workers_share_a_job(
    tmp_path: Path, postgresql_url: str, undisturbed: Undisturbed
) -> None:
    """With ``max_parallel`` the units are cut smaller, and the trials asked for stay the same."""
    with serving(tmp_path, workers=2, LRTUNE_DATABASE_URL=postgresql_url) as server:
        client = server.client()
        handle = client.submit(JobRequest.model_validate({**SMALL, "max_parallel": 2}))
        result = handle.wait(timeout_s=240)
        trials = list(client.trials(handle.id))
    assert [t.number for t in trials] == list(range(len(trials)))
    assert all(t.state.final for t in trials)
    assert len(trials) == len(undisturbed[1])
    for phase in (Phase.PROBES, Phase.SEARCH, Phase.CONFIRM):
        ours, alone = (
            [(t.setting.schedule, t.seed, t.epochs, t.generation) for t in found if t.phase is phase]
            for found in (trials, undisturbed[1])
        )
        assert ours == alone
    for trial, other in zip(trials, undisturbed[1], strict=True):
        assert trial.setting.initial_lr == pytest.approx(other.setting.initial_lr, rel=1e-3)
    assert result.answer.schedule == undisturbed[0].answer.schedule
