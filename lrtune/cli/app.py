"""The command group: its own commands, those of entry points, and how every error ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

import click

from lrtune.cli import exits
from lrtune.cli.archive import archive
from lrtune.cli.best import best
from lrtune.cli.cancel import cancel
from lrtune.cli.code import code
from lrtune.cli.compare import compare
from lrtune.cli.completion import completion
from lrtune.cli.demo import demo
from lrtune.cli.export import export
from lrtune.cli.jobs import jobs
from lrtune.cli.login import login, logout, whoami
from lrtune.cli.note import note
from lrtune.cli.open import open_job
from lrtune.cli.push import push
from lrtune.cli.range_test import range_test
from lrtune.cli.show import show
from lrtune.cli.submit import submit
from lrtune.cli.tag import tag
from lrtune.cli.tasks import tasks
from lrtune.cli.token import token
from lrtune.cli.trials import trials
from lrtune.cli.watch import watch
from lrtune.cli.webhook import webhook
from lrtune.cli.workers import workers
from lrtune.client import ClientError

GROUP = "lrtune.commands"
"""Entry-point group of commands that other packages bring."""

ELSEWHERE = {
    "check": "Try a training here: what is wrong, how fast it is, what a job would cost.",
    "serve": "Serve the HTTP API, and keep local workers alive.",
    "admin": "Accounts, drains, copies, pruning.",
    "migrate": "Bring the database's schema up to date.",
    "worker": "Work on the jobs of a database.",
    "fleet": "Workers on a Ray cluster, as many as the queue needs.",
    "doctor": "Look over a server's database, disk, clock, workers and GPUs.",
}
"""Commands that need more than the client installed."""


class Commands(click.Group):
    """A group whose errors are lines and exit statuses, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ClientError as error:
            exits.tell(error)
            raise click.exceptions.Exit(exits.status(error)) from None
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            raise click.exceptions.Exit(exits.INTERRUPTED) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *(name for name in ELSEWHERE if name not in self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # Enough to be listed; what it needs, the server's libraries among it, is loaded when it is run.
        listed = click.Command(cmd_name, help=ELSEWHERE[cmd_name]) if cmd_name in ELSEWHERE else None
        return super().get_command(ctx, cmd_name) or listed

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and name in ELSEWHERE and name not in self.commands:
            command = plugged(name)
        return name, command, rest


def plugged(name: str) -> click.Command:
    """The command that an entry point brings, or one that says what to install."""
    for entry in metadata.entry_points(group=GROUP, name=name):
        try:
            found = entry.load()
        except ModuleNotFoundError as error:
            return missing(name, f"`lrtune {name}` needs {error.name}, which is not installed.")
        if isinstance(found, click.Command):
            return found
    return missing(name, f"`lrtune {name}` is not installed.")


def missing(name: str, detail: str) -> click.Command:
    """A command that only says what it needs."""

    @click.command(
        name, help=ELSEWHERE[name], context_settings={"ignore_unknown_options": True}, add_help_option=False
    )
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def tell(rest: tuple[str, ...]) -> None:
        raise click.ClickException(f"{detail} {exits.INSTALL}")

    return tell


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lrtune", prog_name="lrtune")
def lrtune() -> None:
    """What learning rate, and how should it decay? Post a training job, get a measured answer.

    Commands that speak to a server find it by --url, LRTUNE_URL or `lrtune login` (http://127.0.0.1:8765 by
    default), and take --json. JOB is a job's id, or `last` for the newest.

    Exit status: 0 done, 1 error, 2 wrong input, 3 the job failed, 4 the job was cancelled, 130 Ctrl-C.
    """


for _command in (
    push,
    submit,
    watch,
    show,
    jobs,
    trials,
    best,
    code,
    cancel,
    tasks,
    workers,
    login,
    logout,
    whoami,
    token,
    compare,
    tag,
    note,
    archive,
    export,
    open_job,
    completion,
    webhook,
    range_test,
    demo,
):
    lrtune.add_command(_command)


def main(run: Callable[[], Any] = lrtune) -> None:
    """The entry point of the ``lrtune`` command."""
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)
