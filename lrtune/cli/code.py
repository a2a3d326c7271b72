"""``lrtune code``."""

from __future__ import annotations

import click
from rich.syntax import Syntax
from rich.text import Text

from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.schedules import EXPORTS


@click.command()
@click.argument("job")
@click.option(
    "--framework", type=click.Choice(tuple(EXPORTS)), default="pytorch", show_default=True, help="For which."
)
@connected
def code(session: Session, job: str, *, framework: str) -> None:
    """Print a job's answer as code to paste."""
    written = session.client.code(session.job_id(job), framework)
    if session.json:
        session.say({"framework": framework, "code": written})
    elif session.out.is_terminal:
        session.out.print(coloured(written), soft_wrap=True)
    else:
        click.echo(plain(written).rstrip("\n"))


def coloured(written: str) -> Text:
    """Python in the terminal's own colours; print it with ``soft_wrap``, so that no line is cut or broken."""
    source = plain(written).rstrip("\n")
    text = Syntax(source, "python", theme="ansi_dark", background_color="default").highlight(source)
    text.rstrip()
    return text
