"""``lrtune jobs``."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import Job, JobState


@click.command()
@click.option("--task", metavar="TASK", help="Jobs of this task: name, any version, or name@3.")
@click.option("--state", type=click.Choice([s.value for s in JobState]), help="Jobs in this state.")
@click.option("--author", metavar="NAME", help="Jobs of this account.")
@click.option("--tag", metavar="TAG", help="Jobs with this tag.")
@click.option("--query", metavar="TEXT", help="Words that are in the job, or words that begin so.")
@click.option(
    "--archived",
    type=click.Choice(["exclude", "include", "only"]),
    help="Leave archived jobs out (the default), include them, or show them alone.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@connected
def jobs(session: Session, *, limit: int, **filters: Any) -> None:
    """List jobs, newest first."""
    found = list(islice(session.client.jobs(**filters), limit))
    if session.json:
        session.say(found)
        return
    if not found:
        which = " like that" if any(filters.values()) else " yet"
        session.out.print(f"There is no job{which}. Submit one: lrtune submit digits-mlp")
        return
    made = tables.table(
        "job",
        "task",
        "optimizer",
        "state",
        "progress",
        "best",
        "created",
        right=["progress"],
        wrap=["task", "progress", "best", "created"],
    )
    for job in found:
        tags = "".join(f" #{tag}" for tag in job.tags)
        made.add_row(
            plain(job.id),
            plain(f"{job.task}@{job.task_version}{tags}"),
            plain(job.request.optimizer.name),
            tables.state(job.state.value),
            _progress(job),
            _best(job),
            Text(figures.ago(job.created_at, session.now()), style="dim"),
        )
    session.out.print(made)


def _progress(job: Job) -> str:
    if not job.progress.total:
        return ""
    share = f"{100 * job.progress.done // job.progress.total} %"
    return share if job.state.final or job.phase is None else f"{job.phase.value.replace('_', ' ')}, {share}"


def _best(job: Job) -> str:
    if job.best is None:
        return ""
    best = job.best
    return (
        f"{plain(job.request.metric.name)} {figures.metric(best.value)}: "
        f"{figures.family(best.schedule)} from {figures.lr(best.initial_lr)}"
    )
