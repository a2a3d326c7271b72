"""``lrtune demo`` as a real process: it measures, writes, stops what it started, and can be interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lrtune.wire import Answer
from tests.acceptance.processes import PATIENCE_S, environ, lrtune, until

SMALL = ("--epochs", "3", "--trials", "8", "--seed", "3")


def alive(marker: Path) -> set[int]:
    """Processes that work on the data directory ``marker``."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            if f"LRTUNE_HOME={marker}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.add(int(process.name))
        except (OSError, ValueError):
            continue
    return found


def test_it_gives_a_true_answer_and_leaves_nothing_running(tmp_path: Path) -> None:
    out, home = tmp_path / "out", tmp_path / "data"
    done = subprocess.run(
        lrtune("demo", "--out", str(out), "--home", str(home), *SMALL),
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = Answer.model_validate(json.loads((out / "answer.json").read_text()))
    for words in (
        "confirm",
        answer.verdict.split()[0],
        "safe band",
        "medium",
        "compared",
        "torch.optim",
        "GET  http",
    ):
        assert words in done.stdout, words
    for name in ("range-test.png", "schedules.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in done.stderr
    assert alive(home) == set()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_it_stops_everything(how: signal.Signals, tmp_path: Path) -> None:
    home = tmp_path / "data"
    with subprocess.Popen(
        lrtune("demo", "--out", str(tmp_path / "out"), "--home", str(home)),
        env=environ(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The server listens on http://127.0.0.1:")
        assert alive(home)
        process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE_S)
    until(lambda: not alive(home), "the server and its worker to end")
    if how is not signal.SIGKILL:
        assert (process.returncode, errors) == (130, "Interrupted.\n")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        lrtune("demo", "--out", str(tmp_path / "file" / "out")),
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--out" in done.stderr
