"""Jobs whose trials clients train: from the first ask to the answer, and what a client may get wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

import lrtune
from lrtune import schedules
from lrtune.wire import (
    ExternalTrial,
    Phase,
    RangeTest,
    Setting,
    StopReason,
    TrialState,
)
from store import Database
from tests.api.conftest import Client
from tests.api.outside import REQUEST, alive, loss_at, outside, plan, train
from tests.api.problem import problem


def submit(client: Client, database: Database, **change: Any) -> str:
    """A planned external job."""
    response = client.post("/v1/jobs", json=REQUEST | change)
    assert response.status_code == 202, response.text
    alive(database)
    plan(database)
    job_id: str = response.json()["id"]
    return job_id


def post(client: Client, job: str, rest: str = "", /, **body: Any) -> httpx.Response:
    return client.post(f"/v1/jobs/{job}/trials{rest}", json=body)


def ask(client: Client, job: str, who: str = "ada", **more: Any) -> ExternalTrial:
    response = post(client, job, client=who, **more)
    assert response.status_code == 200, response.text
    return ExternalTrial.model_validate(response.json())


def report(client: Client, job: str, trial: ExternalTrial, *reports: dict[str, Any]) -> httpx.Response:
    return post(client, job, f"/{trial.name}/reports", token=trial.token, reports=list(reports))


def finish(client: Client, job: str, trial: ExternalTrial, **more: Any) -> httpx.Response:
    return post(client, job, f"/{trial.name}/finish", token=trial.token, **more)


def epoch(number: int, loss: float | None = 0.5, **more: Any) -> dict[str, Any]:
    return {"epoch": number, "values": {"loss": loss} | more}


def sweep_through(client: Client, database: Database, job: str) -> None:
    """Run every sweep, so that trainings are next."""
    for _ in range(REQUEST["range_test"]["seeds"]):  # type: ignore[index]
        trial = ask(client, job)
        reports = []
        for step in range(len(trial.lr)):
            loss = loss_at(trial.lr[max(step - 1, 0)], trial.seed)
            reports.append({"step": step, "values": {"train_loss": loss if loss == loss else None}})
        assert report(client, job, trial, *reports).status_code == 200
        assert finish(client, job, trial).status_code == 200
    plan(database)


def test_a_job_from_submission_to_answer_by_the_python_client(client: Client, database: Database) -> None:
    here = outside(client, database)
    handle = here.submit(lrtune.JobRequest.model_validate(REQUEST))
    ends: list[tuple[bool, StopReason | None]] = []
    for trial in here.external(handle.id, client="ada"):
        rates = train(trial)
        if not trial.sweep:
            assert trial.setting is not None
            assert rates[0] == trial.told.lr[0]
        ends.append((trial.sweep, trial.reason))
    result = here.result(handle.id)
    assert result.job.progress.done == result.job.progress.total
    assert 1e-3 < result.answer.initial_lr < 1e-1
    assert result.answer.provenance.device == "external"
    assert {b.name for b in result.answer.baselines} >= {"default", "cosine", "one_cycle"}
    [default] = [b for b in result.answer.baselines if b.name == "default"]
    assert default.setting == Setting(schedule="constant", initial_lr=1e-3)
    found = here.range_test(handle.id)
    assert found.outcome is lrtune.Outcome.OK
    trials = list(here.trials(handle.id))
    assert {t.phase for t in trials} == {Phase.PROBES, Phase.SEARCH, Phase.CONFIRM}
    assert sum(not swept for swept, _ in ends) == len(trials)
    assert all(t.state.final for t in trials)
    assert (True, StopReason.DIVERGED) in ends
    assert any(t.state is TrialState.PRUNED for t in trials)
    kinds = [event.kind for event in here.events(handle.id)]
    assert {"engine", "phase", "progress", "trial", "range_test", "answer"} <= set(kinds)
    assert "AdamW" in here.code(handle.id)
    with pytest.raises(StopIteration):
        next(here.external(handle.id))


def test_a_sweep_is_read_as_a_posted_one_is(client: Client, database: Database) -> None:
    """The loss at an LR is that of the step after it."""
    job = submit(client, database)
    sweep_through(client, database, job)
    found = RangeTest.model_validate(client.get(f"/v1/jobs/{job}/range-test").json())
    for curve in found.curves:
        expected = [loss_at(lr, curve.seed) for lr in curve.lr]
        assert curve.loss == [None if loss != loss else loss for loss in expected]


def test_only_a_plateau_waits_for_losses(client: Client, database: Database) -> None:
    job = submit(client, database, search={"trials": 12, "schedules": ["plateau"], "sampler": "random"})
    sweep_through(client, database, job)
    while (trial := ask(client, job)).phase is not Phase.SEARCH:
        assert not trial.reactive
        report(client, job, trial, *(epoch(n) for n in range(1, trial.epochs + 1)))
        finish(client, job, trial)
        plan(database)
    assert trial.reactive
    assert trial.schedule is not None
    setting = Setting(schedule=trial.schedule, initial_lr=trial.initial_lr, params=trial.params)
    losses = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    rates = list(trial.lr[:4])
    for number, loss in enumerate(losses[:-1], 1):
        verdict = report(client, job, trial, epoch(number, loss)).json()
        assert verdict["reported"] == number
        rates += verdict["lr"]
    assert report(client, job, trial, epoch(6, losses[5])).json()["lr"] is None
    expected = schedules.lr_sequence(setting, total_steps=24, steps_per_epoch=4, metrics=losses)
    assert rates == expected.tolist()
    assert rates[-1] < rates[4]


def test_reports_in_any_order_and_twice(client: Client, database: Database) -> None:
    job = submit(client, database)
    sweep_through(client, database, job)
    trial = ask(client, job)
    assert (trial.sweep, trial.phase, trial.epochs) == (False, Phase.PROBES, 1)
    [first, *rest] = [report(client, job, trial, epoch(1, 0.25)), report(client, job, trial, epoch(1, 9.0))]
    assert first.json() == rest[0].json() == {"stop": False, "reason": None, "reported": 1, "lr": None}
    assert ask(client, job).reported == [1]
    end = finish(client, job, trial).json()
    assert end == {"name": trial.name, "state": "complete", "value": 0.25}
    assert finish(client, job, trial).json() == end
    assert report(client, job, trial, epoch(1)).json()["reason"] == "ended"
    shown = client.get(f"/v1/jobs/{job}/trials").json()["items"][trial.number]
    assert (shown["state"], shown["value"], shown["curve"][0]["step"]) == ("complete", 0.25, 4)


def searching(client: Client, database: Database) -> tuple[str, ExternalTrial]:
    """A job in its search, and a trial of six epochs of it."""
    job = submit(client, database)
    sweep_through(client, database, job)
    while (trial := ask(client, job)).phase is not Phase.SEARCH:
        report(client, job, trial, epoch(1))
        finish(client, job, trial)
        plan(database)
    return job, trial


def test_gaps_are_filled_later(client: Client, database: Database) -> None:
    job, trial = searching(client, database)
    assert report(client, job, trial, epoch(3), epoch(1)).json()["reported"] == 1
    problem(finish(client, job, trial), "invalid_request", "/state")
    assert report(client, job, trial, epoch(2)).json()["reported"] == 3
    report(client, job, trial, epoch(6), epoch(5), epoch(4, 0.3))
    assert ask(client, job).reported == [1, 2, 3, 4, 5, 6]
    assert finish(client, job, trial).json()["state"] == "complete"


def test_divergence_is_a_result(client: Client, database: Database) -> None:
    job, trial = searching(client, database)
    verdict = report(client, job, trial, epoch(1, None, train_loss=None)).json()
    assert (verdict["stop"], verdict["reason"]) == (True, "diverged")
    assert finish(client, job, trial).json()["state"] == "diverged"
    second = ask(client, job)
    assert finish(client, job, second, state="diverged").json()["state"] == "diverged"
    third = ask(client, job)
    report(client, job, third, *(epoch(n, None) for n in range(1, 7)))
    assert finish(client, job, third).json() == {"name": third.name, "state": "diverged", "value": None}


def test_handing_back_and_failing(client: Client, database: Database) -> None:
    job, trial = searching(client, database)
    report(client, job, trial, epoch(1))
    assert finish(client, job, trial, state="released").json()["state"] == "waiting"
    problem(report(client, job, trial, epoch(2)), "lease_lost")
    again = ask(client, job, "bob")
    assert (again.name, again.reported) == (trial.name, [])
    assert again.token != trial.token
    finish(client, job, again, state="failed", detail="no disk is left")
    shown = client.get(f"/v1/jobs/{job}").json()
    assert (shown["state"], shown["error"]["code"]) == ("failed", "client_failed")
    assert shown["error"]["detail"] == "no disk is left"
    assert report(client, job, again, epoch(1)).json()["reason"] == "ended"
    problem(finish(client, job, again), "job_final")
    problem(post(client, job, client="ada"), "job_final")


def test_a_restarted_client_begins_anew(client: Client, database: Database) -> None:
    job, trial = searching(client, database)
    report(client, job, trial, epoch(1))
    assert ask(client, job).token == trial.token
    fresh = ask(client, job, restart=True)
    assert (fresh.name, fresh.reported) == (trial.name, [])
    problem(report(client, job, trial, epoch(2)), "lease_lost")
    problem(finish(client, job, trial), "lease_lost")


def test_a_cancelled_job_tells_its_clients(client: Client, database: Database) -> None:
    job, trial = searching(client, database)
    client.post(f"/v1/jobs/{job}/cancel")
    verdict = report(client, job, trial, epoch(1)).json()
    assert (verdict["stop"], verdict["reason"]) == (True, "ended")
    problem(finish(client, job, trial), "job_final")


def test_nothing_to_do_and_nobody_to_plan(client: Client, database: Database) -> None:
    job = client.post("/v1/jobs", json=REQUEST).json()["id"]
    response = post(client, job, client="ada")
    problem(response, "no_worker")
    assert response.headers["retry-after"] == "5"
    alive(database)
    waiting = post(client, job, client="ada")
    assert (waiting.status_code, waiting.headers["retry-after"], waiting.content) == (204, "1", b"")
    plan(database)
    ask(client, job, "ada")
    ask(client, job, "bob")
    busy = post(client, job, client="cem")
    assert (busy.status_code, busy.headers["retry-after"]) == (204, "5")


def test_a_loop_that_is_left_hands_its_trial_back(client: Client, database: Database) -> None:
    here = outside(client, database)
    job = here.submit(lrtune.JobRequest.model_validate(REQUEST)).id
    loop = here.external(job)
    first = next(loop)
    first.report(0, train_loss=2.3)
    loop.close()  # type: ignore[attr-defined]
    assert first.end is not None
    assert first.end.state is TrialState.WAITING
    assert ask(client, job, "bob").name == first.name


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"epoch": 7, "values": {"loss": 1.0}}, "/reports/0/epoch"),
        ({"epoch": 0, "values": {"loss": 1.0}}, "/reports/0/epoch"),
        ({"step": 1, "values": {"loss": 1.0}}, "/reports/0/epoch"),
        ({"epoch": 1, "step": 1, "values": {"loss": 1.0}}, "/reports/0/epoch"),
        ({"epoch": 1, "values": {"accuracy": 1.0}}, "/reports/0/values"),
        ({"epoch": 1, "values": {}}, "/reports/0/values"),
        ({"epoch": 1, "values": {"loss": "low"}}, "/reports/0/values/loss"),
        ({"epoch": 1, "values": {"loss": True}}, "/reports/0/values/loss"),
    ],
)
def test_wrong_reports(client: Client, database: Database, body: dict[str, Any], field: str) -> None:
    job, trial = searching(client, database)
    problem(report(client, job, trial, body), "invalid_request", field)
    assert ask(client, job).reported == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"step": 62, "values": {"train_loss": 1.0}}, "/reports/0/step"),
        ({"epoch": 1, "values": {"train_loss": 1.0}}, "/reports/0/step"),
        ({"step": 1, "values": {"loss": 1.0}}, "/reports/0/values"),
    ],
)
def test_wrong_reports_of_a_sweep(
    client: Client, database: Database, body: dict[str, Any], field: str
) -> None:
    job = submit(client, database)
    trial = ask(client, job)
    assert (trial.name, trial.number, len(trial.lr)) == (f"sweep-{trial.token.partition('-')[0]}", None, 62)
    problem(report(client, job, trial, body), "invalid_request", field)
    problem(finish(client, job, trial), "invalid_request", "/state")


def test_tokens_belong_to_a_trial_of_a_job(client: Client, database: Database) -> None:
    job = submit(client, database)
    trial, other = ask(client, job), ask(client, job, "bob")
    wrong = {"token": other.token, "reports": []}
    problem(post(client, job, f"/{trial.name}/reports", **wrong), "invalid_request", "/token")
    problem(post(client, job, f"/{trial.name}/reports", token="7"), "invalid_request", "/token")
    problem(post(client, job, f"/{trial.name}/reports", token="999999999-1"), "not_found")
    problem(post(client, job, "/twelve/reports", token=trial.token), "invalid_request", "{n}")
    elsewhere = submit(client, database)
    problem(post(client, elsewhere, f"/{trial.name}/reports", token=trial.token), "not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external": None}, "/external"),
        ({"batch_size": None}, "/batch_size"),
        ({"task": "digits-mlp"}, "/task"),
        ({"task": "digits-mlp@1"}, "/task"),
        ({"task": "Outside"}, "/task"),
        ({"task": "outside@3"}, "/task"),
        ({"mode": "fused", "task": "digits-mlp"}, "/external"),
        ({"mode": "outside"}, "/mode"),
        ({"external": {"steps_per_epoch": 0}}, "/external/steps_per_epoch"),
        ({"external": {"steps_per_epoch": 100_000}}, "/external/steps_per_epoch"),
        ({"external": {"steps_per_epoch": 4, "default_lr": -1}}, "/external/default_lr"),
    ],
)
def test_what_an_external_job_must_tell(client: Client, change: dict[str, Any], field: str) -> None:
    problem(client.post("/v1/jobs", json=REQUEST | change), "invalid_request", field)


def test_a_task_of_clients_is_not_for_workers(client: Client) -> None:
    first = client.post("/v1/jobs", json=REQUEST).json()
    again = client.post("/v1/jobs", json=REQUEST | {"task": "outside@1"}).json()
    assert (first["task_version"], again["task_version"]) == (1, 1)
    problem(client.post("/v1/jobs", json={"task": "outside"}), "invalid_request", "/task")
    problem(
        post(client, client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"], client="a"),
        "not_external",
    )
    problem(post(client, "nobody", client="ada"), "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/client"),
        ({"client": ""}, "/client"),
        ({"client": "a b"}, "/client"),
        ({"client": "ada", "lease_s": 1}, "/lease_s"),
        ({"client": "ada", "lease": 60}, "/lease"),
    ],
)
def test_wrong_asks(client: Client, database: Database, body: dict[str, Any], field: str) -> None:
    problem(post(client, submit(client, database), **body), "invalid_request", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"loss": "validation"}, "/range_test/loss"),
        ({"batch_sizes": [8]}, "/range_test/batch_sizes"),
        ({"accumulate": [2]}, "/range_test/accumulate"),
    ],
)
def test_a_training_outside_is_swept_as_it_is(client: Client, change: dict[str, Any], field: str) -> None:
    problem(client.post("/v1/jobs", json=REQUEST | {"range_test": change}), "invalid_request", field)
