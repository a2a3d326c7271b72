"""docs/tutorial.md, line by line: its commands run against a real server, and its Python runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lrtune import Task
from lrtune.cli import app
from tests.acceptance.processes import serving

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)
SPIRALS = next(code for language, code in BLOCKS if language == "python" and "def task" in code)
ELSEWHERE = ("make ", "source ")
"""Commands that set up what the test has set up itself."""


@pytest.mark.timeout(900)
def test_everything_it_says_works(tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    (work / "examples").mkdir(parents=True)
    (work / "examples" / "spirals.py").write_text(SPIRALS)
    with serving(home) as server:
        environ = os.environ | {
            "LRTUNE_URL": server.url,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        for language, code in BLOCKS:
            if code == SPIRALS or code.startswith("make "):
                continue
            text = code.replace("http://127.0.0.1:8765", server.url)
            if language == "sh":
                lines = [line for line in text.splitlines() if not line.startswith(ELSEWHERE)]
                command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
            else:
                command = [sys.executable, "-c", text]
            done = subprocess.run(command, env=environ, cwd=work, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
            assert done.stdout, text


def test_the_task_it_shows_keeps_the_contract() -> None:
    names: dict[str, object] = {}
    exec(compile(SPIRALS, "spirals.py", "exec"), names)
    entry = names["task"]
    assert callable(entry)
    assert isinstance(entry(width=8), Task)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`?(lrtune (?!is )[a-z]+ [^`\n#]*)", TUTORIAL))))
def test_every_command_line_in_it_is_one(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    command = app.lrtune.commands.get(name) or (app.plugged(name) if name in app.ELSEWHERE else None)
    assert command is not None, line
    assert isinstance(command, click.Command)
    command.make_context(name, arguments)
