"""Jobs side by side."""

from __future__ import annotations

from typing import Any

from lrtune.comparison import compare
from lrtune.wire import ComparedJob, JobRequest
from service import samples


def job(
    id: str, *, task: str = "digits-mlp", request: dict[str, Any] | None = None, **metric: Any
) -> ComparedJob:
    said = JobRequest.model_validate({"task": task, **(request or {})})
    found = samples.ANSWER.model_copy(update={"metric": samples.ANSWER.metric.model_copy(update=metric)})
    made = samples.JOB.model_copy(update={"id": id, "task": task, "request": said})
    return ComparedJob(job=made, answer=found)


def test_only_what_differs_is_listed() -> None:
    found = compare([job("a"), job("b", request={"epochs": 3, "optimizer": {"name": "adamw", "eps": 0.1}})])
    assert {each.what: each.values for each in found.differing} == {
        "epochs": [20, 3],
        "optimizer/eps": [None, 0.1],
    }


def test_the_best_by_its_goal() -> None:
    apart = [job("a", mean=0.9, low=0.89, high=0.91), job("b", mean=0.5, low=0.49, high=0.51)]
    assert compare(apart).best == "b"
    assert compare(apart).remarks == []
    up = {"name": "accuracy", "goal": "maximize"}
    assert (
        compare(
            [job("a", mean=0.9, low=0.8, high=1.0, **up), job("b", mean=0.5, low=0.4, high=0.6, **up)]
        ).best
        == "a"
    )


def test_overlapping_intervals_may_be_chance() -> None:
    near = compare([job("a", mean=0.5, low=0.4, high=0.6), job("b", mean=0.45, low=0.4, high=0.5)])
    assert near.best == "b"
    assert "may be chance" in near.remarks[0]


def test_what_cannot_be_compared_has_no_best() -> None:
    metrics = compare([job("a"), job("b", name="accuracy", goal="maximize")])
    tasks = compare([job("a"), job("b", task="digits-cnn")])
    assert (metrics.best, tasks.best) == (None, None)
    assert "different metrics" in metrics.remarks[0]
    assert "different tasks" in tasks.remarks[0]
    assert [each.what for each in tasks.differing] == ["task"]
