from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

from lrtune.cli import app, exits
from tests.unit.cli.conftest import Run


def test_help_lists_every_command_and_loads_no_server(run: Run) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from lrtune.cli import lrtune;"
        "print(CliRunner().invoke(lrtune, ['--help']).output); print('modules', *sys.modules)"
    )
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    help_text, _, modules = text.partition("modules ")
    for name in (*app.lrtune.commands, *app.ELSEWHERE):
        assert f"\n  {name} " in help_text
    assert not {"fastapi", "sqlalchemy", "torch", "service", "store", "workers"} & set(modules.split())


@pytest.mark.parametrize("name", app.ELSEWHERE)
def test_commands_of_other_packages_are_plugged_in(name: str, run: Run) -> None:
    done = run(name, "--help")
    assert done.exit_code == exits.OK
    assert done.stdout.startswith(f"Usage: lrtune {name} ")


def test_what_is_not_installed_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(**where: str) -> list[EntryPoint]:
        return [EntryPoint(name=where["name"], value="no_such_package:command", group=app.GROUP)]

    monkeypatch.setattr(app.metadata, "entry_points", absent)
    done = run("serve", "--port", "0")
    assert done.exit_code == exits.ERROR
    assert done.stderr == (
        "Error: `lrtune serve` needs no_such_package, which is not installed. "
        "Install what it needs: pip install 'lrtune[server,worker]'\n"
    )


def test_an_entry_point_that_is_gone_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.metadata, "entry_points", lambda **where: [])
    assert "`lrtune worker` is not installed." in run("worker").stderr


def test_an_unknown_command_is_wrong_input(run: Run) -> None:
    assert run("sumbit").exit_code == exits.USAGE


def test_python_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lrtune.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("lrtune, version ")


def test_an_interrupt_outside_a_command_has_its_status() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        app.main(interrupted)
    assert caught.value.code == exits.INTERRUPTED


SERVERLESS = ("demo", "completion", "range-test", "login", "logout")


@pytest.mark.parametrize("command", [c for c in app.lrtune.commands.values() if c.name not in SERVERLESS])
def test_every_client_command_takes_the_same_three_flags(command: click.Command) -> None:
    for each in command.commands.values() if isinstance(command, click.Group) else [command]:
        flags = {flag for parameter in each.params for flag in parameter.opts}
        assert {"--url", "--token", "--json"} <= flags
