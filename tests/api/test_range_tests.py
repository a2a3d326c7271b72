"""``POST /v1/range-tests``: the same result as ``lrtune.analyse``, and a clear word on what is no sweep."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import lrtune
from tests.api.conftest import Client
from tests.api.problem import problem

LR = [float(lr) for lr in np.geomspace(1e-6, 1.0, 61)]


def loss(seed: int) -> list[float | None]:
    """Falls around 1e-3, diverges above 0.3."""
    wiggle = np.random.default_rng(seed).normal(size=len(LR)) * 0.01
    falls = [2.3 - 1.8 / (1 + math.exp(-3 * (math.log10(lr) + 2.8))) for lr in LR]
    return [None if lr > 0.3 else value + float(w) for lr, value, w in zip(LR, falls, wiggle, strict=True)]


SWEEP = {"lr": LR, "loss": [loss(seed) for seed in range(4)]}


def post(client: Client, **body: Any) -> Any:
    return client.post("/v1/range-tests", json=body)


def test_the_same_as_the_function(client: Client) -> None:
    response = post(client, **SWEEP, seeds=[4, 5, 6, 7])
    assert response.status_code == 200, response.text
    found = lrtune.RangeTest.model_validate(response.json())
    assert found.outcome is lrtune.Outcome.OK
    assert found.suggestion is not None
    assert not found.suggestion.verified
    assert [curve.seed for curve in found.curves] == [4, 5, 6, 7]
    assert found == lrtune.analyse(SWEEP["lr"], SWEEP["loss"], seeds=[4, 5, 6, 7])


def test_one_seed_may_be_a_flat_list(client: Client) -> None:
    flat = post(client, lr=LR, loss=loss(0)).json()
    assert flat == post(client, lr=LR, loss=[loss(0)]).json()
    assert any("One seed only" in reason for reason in flat["reasons"])


def test_nothing_is_stored(client: Client) -> None:
    post(client, **SWEEP)
    assert client.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"lr": LR[::-1]}, ["/lr"]),
        ({"lr": LR[:60]}, ["/loss"]),
        ({"loss": [loss(0), loss(1)[:-1]]}, ["/loss"]),
        ({"lr": LR[:5], "loss": [loss(0)[:5]]}, ["/lr"]),
        ({"lr": [1e-3 * (1 + n / 100) for n in range(61)]}, ["/lr"]),
        ({"lr": [-1.0, *LR[1:]]}, ["/lr/0"]),
        ({"lr": [*LR[:-1], 1e300]}, ["/lr/60"]),
        ({"lr": [None, *LR[1:]]}, ["/lr/0"]),
        ({"lr": []}, ["/loss"]),
        ({"loss": []}, ["/loss"]),
        ({"loss": "2.3"}, ["/loss"]),
        ({"loss": [["2.3"] * 61]}, [f"/loss/0/{n}" for n in range(61)]),
        ({"loss": [[2.3], [[2.3]]]}, ["/loss/1/0"]),
        ({"lr": [1.0] * 2001}, ["/lr"]),
        ({"loss": [loss(0)] * 65}, ["/loss"]),
        ({"seeds": [1]}, ["/seeds"]),
        ({"seeds": [1, 2, 3, -4]}, ["/seeds/3"]),
        ({"los": []}, ["/los"]),
    ],
)
def test_what_is_no_sweep(client: Client, change: dict[str, Any], fields: list[str]) -> None:
    problem(post(client, **(SWEEP | change)), "invalid_request", *fields)


def test_unknown_fields_are_told_the_known_ones(client: Client) -> None:
    found = problem(post(client, **SWEEP, losses=[]), "invalid_request", "/losses")
    assert "'loss'" in found["errors"][0]["remedy"]


def test_numbers_that_json_does_not_have(client: Client) -> None:
    body = json.dumps({"lr": LR, "loss": [[math.nan] * 61]})
    headers = {"Content-Type": "application/json"}
    problem(client.post("/v1/range-tests", content=body, headers=headers), "malformed_json")
