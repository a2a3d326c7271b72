"""``lrtune cancel``."""

from __future__ import annotations

import click

from lrtune.cli.session import Session, connected


@click.command()
@click.argument("job")
@connected
def cancel(session: Session, job: str) -> None:
    """Cancel a job. What it has measured stays readable."""
    cancelled = session.client.cancel(session.job_id(job))
    if session.json:
        session.say(cancelled)
    else:
        session.out.print(f"Job {cancelled.id} is cancelled.")
