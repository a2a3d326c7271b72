"""``lrtune watch``, and the end of a job for every command that waits."""

from __future__ import annotations

from collections.abc import Iterator

import click
from rich.console import Console

from lrtune.cli.answer_view import answer_view
from lrtune.cli.live import FRAME_S, SILENCE_S, view
from lrtune.cli.session import Session, connected
from lrtune.cli.show import failure
from lrtune.cli.ticking import ticking
from lrtune.client import Client, JobFailed, Result
from lrtune.wire import Event, Job


@click.command()
@click.argument("job")
@connected
def watch(session: Session, job: str) -> None:
    """Follow a job to its end, live; then print its answer.

    Ctrl-C stops watching, not the job. With --json every event is one line of JSON, as it happens.
    """
    job_id = session.job_id(job)
    if session.json:
        for event in session.client.events(job_id):
            click.echo(event.model_dump_json())
        session.client.result(job_id)
        return
    result = wait(session, session.client.job(job_id), session.out)
    session.out.print()
    session.out.print(answer_view(result.answer))


def wait(session: Session, job: Job, console: Console) -> Result:
    """Show a job's progress on ``console`` until its end.

    Raises:
        JobFailed, JobCancelled: It ended without an answer; why it failed has been printed.
    """
    every_s = FRAME_S if console.is_terminal else SILENCE_S
    view(job, console).show(ticking(moments(session.client, job.id), every_s))
    try:
        return session.client.result(job.id)
    except JobFailed as error:
        if error.job.error is not None and error.job.error.traceback:
            failure(session, error.job)
        raise


def moments(client: Client, job_id: str) -> Iterator[Event | Job]:
    """A job's events to the last, then the job as it ended."""
    yield from client.events(job_id)
    yield client.job(job_id)
