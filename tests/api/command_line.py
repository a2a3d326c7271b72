"""The server's commands, run in this process."""

from __future__ import annotations

import os
from pathlib import Path

from click import Command
from click.testing import CliRunner, Result


def environ(home: Path, **more: str) -> dict[str, str]:
    """This process's environment with a data directory of the test's, and no other setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRTUNE_")}
    return kept | {"LRTUNE_HOME": str(home)} | more


def run(command: Command, *arguments: str, home: Path, **more: str) -> Result:
    """Run a command to its end."""
    wanted = environ(home, **more)
    dropped = dict.fromkeys(os.environ.keys() - wanted.keys())
    return CliRunner().invoke(command, arguments, env={**wanted, **dropped})


def refused(done: Result, *words: str) -> None:
    """Exit status 1 and one line on standard error that holds ``words``."""
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr
