"""docs/cli.md names every command and every flag, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lrtune.cli import app, exits

DOCS = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
SECTIONS = dict(re.findall(r"^## lrtune (\S+)[^\n]*\n(.*?)(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL))
COMMANDS = [*app.lrtune.commands, *app.ELSEWHERE]


def command(name: str) -> click.Command:
    return app.lrtune.commands.get(name) or app.plugged(name)


def parameters(found: click.Command) -> list[click.Parameter]:
    """Those of a command, and of a group's commands."""
    inner = found.commands.values() if isinstance(found, click.Group) else []
    return [*found.params, *(parameter for each in inner for parameter in parameters(each))]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_a_group_is_documented(name: str) -> None:
    found = command(name)
    text = " ".join(SECTIONS[name].split())
    inner = found.commands if isinstance(found, click.Group) else {}
    assert [each for each in inner if f"`lrtune {name} {each}" not in text] == []


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_documented_and_every_documented_flag_exists(name: str) -> None:
    options = [each for each in parameters(command(name)) if isinstance(each, click.Option)]
    flags = {flag for each in options for flag in (*each.opts, *each.secondary_opts)}
    documented = {
        flag
        for row in re.findall(r"^\| (`--[^|]*) \|", SECTIONS[name], re.MULTILINE)
        for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row)
    }
    assert documented == flags


@pytest.mark.parametrize("name", app.lrtune.commands)
def test_every_option_has_help(name: str) -> None:
    assert command(name).help
    for each in parameters(command(name)):
        if isinstance(each, click.Option):
            assert each.help, f"{name} {each.opts[0]}"


def test_every_exit_status_is_documented() -> None:
    statuses = {value for value in vars(exits).values() if isinstance(value, int)}
    assert {int(status) for status in re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)} == statuses
