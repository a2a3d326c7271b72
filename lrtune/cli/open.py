"""``lrtune open``."""

from __future__ import annotations

import click

from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command("open")
@click.argument("job")
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
@connected
def open_job(session: Session, job: str, *, only_print: bool) -> None:
    """Open a job's page in the browser, and print its address."""
    found = session.client.job(session.job_id(job))
    url = f"{session.client.url}/jobs/{found.id}"
    if session.json:
        session.say({"job": found.id, "url": url})
    else:
        click.echo(plain(url))
    if not only_print and not session.json:
        click.launch(url)
