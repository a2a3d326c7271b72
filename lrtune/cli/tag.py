"""``lrtune tag``."""

from __future__ import annotations

import click

from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command()
@click.argument("job")
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tags off.")
@connected
def tag(session: Session, job: str, *, tags: tuple[str, ...], remove: bool) -> None:
    """Put tags on a job, by which `lrtune jobs --tag` finds it."""
    job_id = session.job_id(job)
    change = session.client.untag if remove else session.client.tag
    *_, changed = [change(job_id, each) for each in tags]
    if session.json:
        session.say(changed)
    else:
        told = ", ".join(changed.tags) or "none"
        session.out.print(plain(f"Tags of job {changed.id}: {told}."), soft_wrap=True)
