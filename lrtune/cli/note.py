"""``lrtune note``."""

from __future__ import annotations

import click

from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command()
@click.argument("job")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Remove the note.")
@connected
def note(session: Session, job: str, *, text: str | None, remove: bool) -> None:
    """Write a job's note, in place of the one before; without TEXT print it."""
    if text is not None and remove:
        raise click.UsageError("Give a TEXT or --remove, not both.")
    job_id = session.job_id(job)
    if remove:
        found = session.client.remove_note(job_id)
    elif text is not None:
        found = session.client.write_note(job_id, text)
    else:
        found = session.client.job(job_id)
    if session.json:
        session.say(found)
    else:
        click.echo(plain(found.note) if found.note else f"Job {plain(found.id)} has no note.")
