from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from lrtune.cli import exits
from lrtune.cli.submit import FIELDS
from lrtune.wire import JobRequest, JobState
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, event, model, problem, stream

JOB = f"/v1/jobs/{samples.JOB.id}"


@pytest.fixture
def accepting(server: FakeServer) -> FakeServer:
    return server.on("POST /v1/jobs", model(samples.QUEUED, 202))


def sent(run: Run, server: FakeServer, *arguments: str, input: str | None = None) -> Any:
    done = run("submit", *arguments, input=input)
    assert done.exit_code == exits.OK, done.stderr
    return server.bodies()[-1]


def test_the_least_is_a_task(run: Run, accepting: FakeServer) -> None:
    assert sent(run, accepting, "digits-mlp") == {"task": "digits-mlp"}
    assert samples.JOB.id in run("submit", "digits-mlp").stdout
    assert json.loads(run("submit", "digits-mlp", "--json").stdout)["id"] == samples.JOB.id


def test_every_flag_has_its_place_in_the_request(run: Run, accepting: FakeServer) -> None:
    line = (
        "digits-mlp --param width=64 --param name=net --param deep=true --optimizer sgd "
        "--option momentum=0.9 --option nesterov=true --epochs 5 --batch-size 32 --metric accuracy "
        "--goal maximize --trials 7 "
        "--schedules cosine,step --sampler random --no-prune --seed 3 --min-lr 1e-6 --max-lr 1 "
        "--steps-per-decade 10 --range-seeds 3 --range-loss validation --batch-sizes 16,64 --accumulate 2,4 "
        "--finalists 2 --confirm-seeds 4 "
        "--max-parallel 2"
    )
    body = sent(run, accepting, *line.split())
    assert body == {
        "task": "digits-mlp",
        "params": {"width": 64, "name": "net", "deep": True},
        "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True},
        "epochs": 5,
        "batch_size": 32,
        "metric": {"name": "accuracy", "goal": "maximize"},
        "range_test": {"min_lr": 1e-6, "max_lr": 1.0, "steps_per_decade": 10, "seeds": 3,
                       "loss": "validation", "batch_sizes": [16, 64], "accumulate": [2, 4]},
        "search": {
            "trials": 7, "schedules": ["cosine", "step"], "sampler": "random", "prune": False, "seed": 3,
        },
        "confirm": {"finalists": 2, "seeds": 4},
        "max_parallel": 2,
    }  # fmt: skip
    JobRequest.model_validate(body)


def test_every_field_of_a_request_has_a_flag() -> None:
    def leaves(model: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = set()
        for name, field in model.model_fields.items():
            inner = next(
                (t for t in get_args(field.annotation) if hasattr(t, "model_fields")), field.annotation
            )
            within = hasattr(inner, "model_fields")
            found |= leaves(inner, (*path, name)) if within else {(*path, name)}
        return found

    apart = {("task",), ("params",), ("optimizer", "name")}
    assert leaves(JobRequest) == apart | set(FIELDS.values())


def test_a_file_may_hold_the_request_and_flags_win(run: Run, accepting: FakeServer, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(
        json.dumps({"task": "digits-cnn", "epochs": 9, "search": {"trials": 5, "seed": 1},
                    "optimizer": {"name": "adamw", "weight_decay": 0.1}})
    )  # fmt: skip
    body = sent(run, accepting, "--file", str(file), "--trials", "6", "--optimizer", "sgd")
    assert body == {
        "task": "digits-cnn",
        "epochs": 9,
        "search": {"trials": 6, "seed": 1},
        "optimizer": {"name": "sgd"},
    }
    assert sent(run, accepting, "--file", "-", input='{"task": "x"}') == {"task": "x"}


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is not JSON"), ("[]", "holds no JSON object"), ('{"task": "x", "search": 3}', "search is not")],
)
def test_a_file_that_is_no_request_is_wrong_input(
    text: str, words: str, run: Run, server: FakeServer
) -> None:
    done = run("submit", "--file", "-", "--trials", "3", input=text)
    assert (done.exit_code, words in done.stderr) == (exits.USAGE, True)
    assert server.requests == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["digits-mlp", "--param", "width"], ["digits-mlp", "--param", "=3"], ["digits-mlp", "--epochs", "x"],
     ["digits-mlp", "--goal", "sideways"], ["digits-mlp", "--file", "/nonexistent"],
     ["digits-mlp", "--max-lr", "nan"]],
)  # fmt: skip
def test_wrong_flags_are_wrong_input(arguments: list[str], run: Run, server: FakeServer) -> None:
    done = run("submit", *arguments)
    assert done.exit_code == exits.USAGE
    assert "Traceback" not in done.stderr
    assert server.requests == []


def test_every_field_at_fault_is_named_with_flag_and_remedy(run: Run, server: FakeServer) -> None:
    errors = [
        {"field": "/search/trials", "detail": "Too few.", "remedy": "Give 1."},
        {"field": "/optimizer/momentun", "detail": "There is no option.", "remedy": "momentum?"},
        {"field": "/params/width", "detail": "Not a number.", "remedy": None},
    ]
    server.on("POST /v1/jobs", problem(422, "invalid_request", "3 fields are wrong.", errors=errors))
    done = run("submit", "digits-mlp")
    assert done.exit_code == exits.USAGE
    assert done.stderr.splitlines() == [
        "Error: 3 fields are wrong.",
        "  search.trials (--trials): Too few. Give 1.",
        "  optimizer.momentun (--option): There is no option. momentum?",
        "  params.width (--param): Not a number.",
    ]


def test_the_key_is_sent(run: Run, accepting: FakeServer) -> None:
    run("submit", "digits-mlp", "--idempotency-key", "monday")
    assert accepting.requests[-1].headers["Idempotency-Key"] == "monday"


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_waiting_leaves_standard_output_to_the_answer(
    flags: tuple[str, ...], run: Run, accepting: FakeServer
) -> None:
    succeeded = samples.JOB.model_copy(update={"state": JobState.SUCCEEDED})
    accepting.on(f"GET {JOB}", model(succeeded)).on(f"GET {JOB}/answer", model(samples.ANSWER))
    accepting.on(f"GET {JOB}/events", stream(event(1, "state", state="succeeded")))
    done = run("submit", "digits-mlp", "--wait", *flags)
    assert done.exit_code == exits.OK, done.stderr
    if flags:
        assert json.loads(done.stdout)["answer"]["verdict"] == samples.ANSWER.verdict
    else:
        assert done.stdout.startswith(samples.ANSWER.verdict)
        assert "99 trainings" in done.stderr or "31 trainings" in done.stderr
