"""What the charts draw: bounded, whole, and true to what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrtune.planned import planned
from lrtune.schedules import FAMILIES, lr_sequence
from lrtune.wire import Curve, JobRequest, Report, Setting, Trial, TrialState
from service import samples
from service.pages.data import lines, parallel, range_test, search
from service.pages.data.brief import thin
from service.pages.data.lines import Contender
from store import Database
from store.standings import Point
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem

CHARTS = ["range-test", "search", "parallel", "schedules", "curves", "schedules?group=confirm"]


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_of_a_measured_job(client: Client, database: Database, chart: str) -> None:
    succeeded(database, "a")
    response = client.get(f"/jobs/a/data/{chart}")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["label"]


def test_a_job_without_a_range_test(client: Client) -> None:
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
    problem(client.get(f"/jobs/{job}/data/range-test"), "not_ready")
    assert client.get(f"/jobs/{job}/data/search").json()["y"] is None


@pytest.mark.parametrize("chart", CHARTS)
def test_no_such_job(client: Client, chart: str) -> None:
    problem(client.get(f"/jobs/nothing/data/{chart}"), "not_found")


def test_curves_are_the_means_of_the_confirm_seeds(client: Client, database: Database) -> None:
    succeeded(database, "a")
    found = client.get("/jobs/a/data/curves?group=confirm&value=accuracy").json()
    assert found["x"] == [1, 2]
    assert found["values"] == ["loss", "train_loss", "accuracy"]
    assert found["lines"][0]["values"] == [0.94, 0.98]


class TestRangeTest:
    def test_it_holds_every_seed_the_median_and_the_bands(self) -> None:
        found = range_test.of(samples.RANGE_TEST)
        assert found["lr"] == [1e-7, 1e-3, 10.0]
        assert found["seeds"] == [[2.31, 0.94, None]]
        assert found["median"] == [2.31, 0.94, None]
        assert [band[0] for band in found["bands"]] == ["small", "medium", "large", "diverging"]
        assert len(found["marks"]) == 4
        assert "0.0032" in found["label"]

    def test_a_long_sweep_is_thinned_with_both_ends(self) -> None:
        lrs = [1e-7 * 1.001**n for n in range(10_000)]
        curves = [Curve(seed=seed, lr=lrs, loss=[1.0] * len(lrs)) for seed in range(3)]
        found = range_test.of(samples.RANGE_TEST.model_copy(update={"curves": curves}))
        assert len(found["lr"]) == range_test.MAX_POINTS
        assert (found["lr"][0], found["lr"][-1]) == (lrs[0], lrs[-1])
        assert found["y"][0] < 1 < found["y"][1]

    def test_no_curve_no_limits(self) -> None:
        found = range_test.of(samples.RANGE_TEST.model_copy(update={"curves": []}))
        assert (found["lr"], found["y"]) == ([], None)


class TestSearch:
    @pytest.mark.parametrize("goal", ["minimize", "maximize"])
    def test_an_outlier_does_not_flatten_the_rest(self, goal: str) -> None:
        sign = 1 if goal == "minimize" else -1
        low, high = search.limits([sign * value for value in (1.0, 1.1, 1.2, 1.3, 1e6)], goal)
        assert high - low < 2

    @pytest.mark.parametrize("value", [0.0, -2.0, 3e9])
    def test_limits_are_never_empty(self, value: float) -> None:
        low, high = search.limits([value, value], "minimize")
        assert low < value < high

    def test_ten_thousand_trials_fit_into_half_a_megabyte(self) -> None:
        names = list(FAMILIES)
        points = [
            Point(n, TrialState.COMPLETE, names[n % len(names)], 1.2345e-4 * n + 1e-6, 0.123456 + n)
            for n in range(10_000)
        ]
        found = search.of(points, goal="minimize", metric="loss")
        assert len(found["lr"]) == 10_000
        assert len(json.dumps(found)) < 500_000


def trial(number: int, schedule: str, **params: Any) -> Trial:
    return samples.TRIAL.model_copy(
        update={"number": number, "schedule": schedule, "initial_lr": 10.0**-number, "params": params}
    )


class TestParallel:
    def test_several_families_show_what_they_share(self) -> None:
        found = parallel.of(
            [trial(1, "cosine", warmup=0.1, min_ratio=0.0), trial(2, "step", warmup=0.2, gamma=0.5)],
            goal="minimize",
            metric="loss",
        )
        assert [axis[0] for axis in found["axes"]] == ["initial LR", "schedule", "warmup", "loss"]
        assert found["axes"][1][1:] == ["words", ["cosine", "step"]]
        assert found["lines"][0][:3] == [0.1, 0, 0.1]

    def test_one_family_shows_all_its_own(self) -> None:
        found = parallel.of(
            [trial(1, "cosine", warmup=0.1, min_ratio=0.01), trial(2, "cosine", warmup=0.1, min_ratio=0.02)],
            goal="minimize",
            metric="loss",
        )
        # Warmup is the same in both: it tells nothing.
        assert [axis[0] for axis in found["axes"]] == ["initial LR", "min ratio", "loss"]

    def test_no_trials(self) -> None:
        assert parallel.of([], goal="minimize", metric="loss")["lines"] == []


class TestCourses:
    def test_a_schedule_is_the_one_that_was_trained(self) -> None:
        setting = Setting(schedule="cosine", initial_lr=0.1, params={"warmup": 0.1})
        found = lines.courses([Contender("cosine", setting)], epochs=4, steps_per_epoch=25)
        expected = lr_sequence(setting, total_steps=100, steps_per_epoch=25)
        assert found["x"] == list(range(100))
        assert found["lines"][0]["values"] == pytest.approx(expected, rel=1e-4)

    def test_a_plateau_shows_the_lrs_it_reported(self) -> None:
        reports = [
            Report(epoch=n, step=10 * n, lr=lr, values={}) for n, lr in ((1, 0.1), (2, 0.1), (3, 0.05))
        ]
        setting = Setting(schedule="plateau", initial_lr=0.1)
        found = lines.courses([Contender("it", setting, [reports])], epochs=3, steps_per_epoch=10)
        assert found["lines"][0]["values"] == [0.1] * 20 + [0.05] * 10

    def test_a_long_run_is_thinned(self) -> None:
        setting = Setting(schedule="cosine", initial_lr=0.1)
        found = lines.courses([Contender("it", setting)], epochs=100, steps_per_epoch=10_000)
        assert len(found["x"]) == lines.STEPS
        assert found["x"][-1] == 999_999


@pytest.mark.parametrize("limit", [2, 3, 10])
def test_thinning_keeps_both_ends(limit: int) -> None:
    found = thin(range(1000), limit)
    assert (len(found), found[0], found[-1]) == (limit, 0, 999)
    assert thin([1, 2], 5) == [1, 2]


def test_an_estimate_before_and_after_a_job(client: Client, database: Database) -> None:
    trainings = sum(phase.trainings for phase in planned(JobRequest(task="digits-mlp")).values())
    before = client.post("/submit/estimate", json={"task": "digits-mlp", "epochs": 8}).text
    assert f"{trainings} trainings" in " ".join(before.split())
    assert "unknown" in before
    problem(
        client.post("/submit/estimate", json={"task": "digits-mlp", "epochs": 0}),
        "invalid_request",
        "/epochs",
    )
    succeeded(database, "a")
    after = client.post("/submit/estimate", json={"task": "digits-mlp", "epochs": 8}).text
    assert "as fast as the last" in after


def test_a_running_job_is_bounded_in_its_page(client: Client, database: Database) -> None:
    running(database, "a")
    assert len(client.get("/jobs/a").content) < 60_000
