"""``lrtune export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from lrtune.cli.session import Session, connected
from lrtune.client.exports import Format

ENDINGS = {"json": "json", "csv": "csv", "optuna": "db", "optuna-journal": "log", "html": "html"}


@click.command()
@click.argument("job")
@click.option(
    "--format",
    type=click.Choice(get_args(Format)),
    default="json",
    show_default=True,
    help="json: everything; csv: trials; optuna, optuna-journal: a study; html: a report.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="The file, - for standard output; lrtune-JOB.ENDING by default.",
)
@connected
def export(session: Session, job: str, *, format: Format, output: Path | None) -> None:
    """Write a job to a file: everything as JSON, trials as CSV, an Optuna study, a report as HTML."""
    job_id = session.job_id(job)
    if output is not None and str(output) == "-":
        sys.stdout.buffer.write(session.client.export(job_id, format))
        return
    path = output or Path(f"lrtune-{job_id}.{ENDINGS[format]}")
    try:
        session.client.save(job_id, path, format)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}). Name another.") from None
    if session.json:
        session.say({"job": job_id, "format": format, "file": str(path)})
    else:
        click.echo(path)
