"""``lrtune check`` on the real thing: a trainer in the sandbox, no server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lrtune.cli import exits
from tests.acceptance.processes import environ, lrtune

TASK = """\
import lrtune, torch
from torch import nn

class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)

def task(width: int = 8) -> lrtune.Task:
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    data = x, x.sum(1, keepdim=True)
    return lrtune.Task(
        model=lambda: Model(width), train=data, valid=data, loss=nn.functional.mse_loss, batch_size=8
    )
"""
FORWARD = "        return self.layers(x)\n"
LOOP = """\
import lrtune

def loop() -> lrtune.Loop:
    def train(trial):
        print("begun")
        for step in range(trial.total_steps):
            if trial.sweep:
                if trial.report(step, train_loss=1.0).stop:
                    return
            elif (step + 1) % 4 == 0 and trial.report(step, loss=1.0).stop:
                return
    return lrtune.Loop(train=train, steps_per_epoch=4, batch_size=8)
"""

Check = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Checks a file of this source."""

    def run(source: str, *flags: str, entry: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "train.py").write_text(source)
        return subprocess.run(
            lrtune("check", f"train.py{entry}", *flags),
            cwd=tmp_path,
            env=environ(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_good_task_is_fused_and_priced(check: Check) -> None:
    done = check(
        TASK, "--param", "width=16", "--epochs", "3", "--trials", "4", "--batch-size", "16", "--json"
    )
    assert done.returncode == exits.OK, done.stderr
    told = json.loads(done.stdout)
    assert told["error"] is None
    assert told["files"] == ["train.py"]
    assert told["engine"]["mode"] == "fused"
    assert told["engine"]["parameters"] == 4 * 16 + 16 + 16 + 1
    assert told["engine"]["steps_per_epoch"] == 4
    assert told["epoch_tried"]
    assert told["memory"]["host_bytes"] > 2**20
    # 5 sweeps of 201 steps; 14 probes of an epoch, 4 trials and (3 + 4) × 5 confirmations of 3.
    epochs = 14 * 1 + 4 * 3 + 35 * 3
    assert told["cost"]["trainings"] == 5 + 14 + 4 + 35
    assert told["cost"]["epochs"] == epochs
    assert told["cost"]["steps"] == 5 * 201 + epochs * 4
    assert told["cost"]["full_runs"] == told["cost"]["steps"] / (3 * 4)
    assert told["cost"]["seconds"] == pytest.approx(told["cost"]["steps"] / told["steps_per_s"])


def test_an_error_is_told_with_its_line(check: Check) -> None:
    done = check(TASK.replace(FORWARD, "        return self.layres(x)\n"))
    assert done.returncode == exits.ERROR
    assert done.stdout == ""
    first, where, line, *_ = done.stderr.splitlines()
    assert first.startswith("Error: AttributeError: 'Model' object has no attribute 'layres'")
    assert where.strip() == "at train.py, line 10"
    assert line.strip() == "return self.layres(x)"
    assert "Traceback" in done.stderr
    assert "workers/" not in done.stderr


def test_what_does_not_fuse_says_why(check: Check) -> None:
    done = check(TASK.replace(FORWARD, "        return self.layers(x) * (1.0 if x.sum() > 0 else 2.0)\n"))
    assert done.returncode == exits.OK, done.stderr
    assert "not fused: " in done.stdout
    assert "control flow" in done.stdout


def test_a_loop_runs_one_at_a_time(check: Check) -> None:
    done = check(LOOP)
    assert done.returncode == exits.OK, done.stderr
    assert "not fused: the task owns its training loop, so trials run one at a time" in " ".join(
        done.stdout.split()
    )
    assert done.stderr.splitlines() == ["begun"] * 2


def test_a_loop_that_reports_nothing_is_at_fault(check: Check) -> None:
    done = check(
        LOOP.replace("elif (step + 1) % 4 == 0 and trial.report(step, loss=1.0).stop", "elif False"), "--json"
    )
    assert done.returncode == exits.ERROR
    assert "0 of 1 epochs" in json.loads(done.stdout)["error"]["detail"]


def test_a_syntax_error_is_told_before_anything_runs(check: Check) -> None:
    done = check(TASK.replace("def task(", "def task(("))
    assert done.returncode == exits.ERROR
    assert "at train.py, line 12" in done.stderr


@pytest.mark.parametrize(
    ("entry", "flags", "told"),
    [
        (":nothing", [], "defines no function 'nothing'"),
        ("", ["--param", "widht=3"], "Did you mean 'width'?"),
        ("", ["--param", "width=wide"], "params.width (--param)"),
        ("", ["--epochs", "0"], "epochs (--epochs)"),
        ("", ["--optimizer", "adamm"], "adamm"),
        ("", ["--include", "nowhere"], "There is no 'nowhere' to include."),
    ],
)
def test_wrong_input_is_refused(check: Check, entry: str, flags: list[str], told: str) -> None:
    done = check(TASK, *flags, entry=entry)
    assert done.returncode == exits.USAGE
    assert done.stderr.startswith("Error: ")
    assert told in done.stderr
