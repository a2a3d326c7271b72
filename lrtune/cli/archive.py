"""``lrtune archive``."""

from __future__ import annotations

import click

from lrtune.cli.session import Session, connected


@click.command()
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True)
@click.option("--undo", is_flag=True, help="Bring the jobs back.")
@connected
def archive(session: Session, *, jobs: tuple[str, ...], undo: bool) -> None:
    """Take jobs out of lists and of the best answers. They stay readable by their ids."""
    change = session.client.unarchive if undo else session.client.archive
    changed = [change(session.job_id(each)) for each in jobs]
    if session.json:
        session.say(changed)
        return
    for each in changed:
        session.out.print(f"Job {each.id} is {'back' if undo else 'archived'}.")
