"""docs/tutorial.md and the walk of docs/tasks.md, line by line: their commands run against a real server, and
their Python runs."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from lrtune import Task
from lrtune.cli import app
from tests.acceptance.processes import serving
from tests.acceptance.walk import DOCS, blocks, commands, follow

TUTORIAL = (DOCS / "tutorial.md").read_text()
WALK, CONTRACT, _ = (DOCS / "tasks.md").read_text().partition("\n# The task contract\n")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [TUTORIAL, WALK], ids=["tutorial", "tasks"])
def test_everything_it_says_works(page: str, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    with serving(home) as server:
        follow(blocks(page), server, work)


def test_the_walk_is_a_part_of_its_page() -> None:
    assert CONTRACT
    assert [block.file for block in blocks(WALK) if block.language == "python"] == ["train.py", "cancer.py"]


def test_the_task_it_shows_keeps_the_contract() -> None:
    (spirals,) = (block.code for block in blocks(TUTORIAL) if block.file == "examples/spirals.py")
    names: dict[str, object] = {}
    exec(compile(spirals, "spirals.py", "exec"), names)
    entry = names["task"]
    assert callable(entry)
    assert isinstance(entry(width=8), Task)


@pytest.mark.parametrize("line", commands(TUTORIAL) + commands(WALK))
def test_every_command_line_in_it_is_one(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    command = app.lrtune.commands.get(name) or (app.plugged(name) if name in app.ELSEWHERE else None)
    assert command is not None, line
    assert isinstance(command, click.Command)
    command.make_context(name, arguments)
