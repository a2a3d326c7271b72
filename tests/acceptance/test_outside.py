"""Trainings that stay outside, on a real server: the example, and the shell client of docs/loops.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from examples import outside_numpy
from lrtune.wire import JobState
from tests.acceptance.processes import serving

DOCS = (Path(__file__).parents[2] / "docs" / "loops.md").read_text()

TRAIN = """#!/usr/bin/env python3
import json, math, sys
trial = json.load(sys.stdin)
def loss(lr):
    return 2.3 - 1.8 / (1 + math.exp(-3 * (math.log10(lr) + 2.2))) if lr < 1 else None
if trial["sweep"]:
    told = [loss(trial["lr"][max(step - 1, 0)]) for step in range(len(trial["lr"]))]
    print(json.dumps([{"step": step, "values": {"train_loss": told}} for step, told in enumerate(told)]))
else:
    told = loss(trial["initial_lr"])
    print(json.dumps([{"epoch": n + 1, "values": {"loss": told}} for n in range(trial["epochs"])]))
"""

JOB = {
    "task": "shell",
    "mode": "external",
    "external": {"steps_per_epoch": 5},
    "batch_size": 1,
    "epochs": 2,
    "range_test": {"min_lr": 1e-5, "steps_per_decade": 10, "seeds": 2},
    "search": {"trials": 4, "schedules": ["constant", "cosine"]},
    "confirm": {"finalists": 1, "seeds": 2},
}


def test_the_example(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        answer = outside_numpy.main(server.client(), epochs=3, trials=4, seeds=2)
        [job] = server.client().jobs(task="digits-numpy")
    assert job.state is JobState.SUCCEEDED
    assert answer.metric.mean < 2.0


def test_the_shell_client(tmp_path: Path) -> None:
    [script] = re.findall(r"^```sh\n(api=.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    assert len(script.splitlines()) <= 20
    work = tmp_path / "work"
    work.mkdir()
    (work / "job.json").write_text(json.dumps(JOB))
    (work / "train").write_text(TRAIN)
    (work / "train").chmod(0o755)
    with serving(tmp_path) as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8765", server.url)],
            cwd=work,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [job] = server.client().jobs(task="shell")
    assert job.state is JobState.SUCCEEDED
    assert "LR" in done.stdout
