"""``lrtune open`` and ``lrtune completion``."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from lrtune.cli.completion import SHELLS
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, model

ID = samples.JOB.id
PAGE = f"http://lrtune.test/jobs/{ID}"


def test_open_prints_and_opens(run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    server.on(f"GET /v1/jobs/{ID}", model(samples.JOB))
    assert run("open", ID).stdout == f"{PAGE}\n"
    assert run("open", ID, "--print").stdout == f"{PAGE}\n"
    assert json.loads(run("open", ID, "--json").stdout) == {"job": ID, "url": PAGE}
    assert opened == [PAGE]


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_for_the_shell(run: Run, shell: str) -> None:
    assert "_LRTUNE_COMPLETE" in run("completion", shell).stdout


def test_bash_completes_commands() -> None:
    environ = {
        "_LRTUNE_COMPLETE": "bash_complete",
        "COMP_WORDS": "lrtune exp",
        "COMP_CWORD": "1",
        "PATH": "/usr/bin",
    }
    code = "from lrtune.cli import main; main()"
    command = [sys.executable, "-c", f"import sys; sys.argv = ['lrtune']; {code}"]
    assert (
        "export" in subprocess.run(command, env=environ, capture_output=True, text=True, check=False).stdout
    )
