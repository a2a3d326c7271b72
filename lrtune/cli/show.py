"""``lrtune show``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lrtune.cli import exits, figures, tables
from lrtune.cli.answer_view import answer_view
from lrtune.cli.plain import plain
from lrtune.cli.range_test_view import range_test_view
from lrtune.cli.session import Session, connected
from lrtune.client import ApiError
from lrtune.wire import Job

T = TypeVar("T")

ABSENT = frozenset({"not_ready", "not_available"})
"""Codes that say: the job has no such result, or not yet."""


@click.command()
@click.argument("job")
@connected
def show(session: Session, job: str) -> None:
    """Print a job: its state, its range test with curve and bands, and its answer."""
    client = session.client
    found = client.job(session.job_id(job))
    range_test = if_there(lambda: client.range_test(found.id))
    answer = if_there(lambda: client.answer(found.id))
    if session.json:
        session.say({"job": found, "range_test": range_test, "answer": answer})
        return
    session.out.print(job_view(found, session))
    if found.error is not None:
        failure(session, found)
    if range_test is not None:
        session.out.print(Rule("range test", align="left", style="dim"))
        session.out.print(range_test_view(range_test))
    if answer is not None:
        session.out.print(Rule("answer", align="left", style="dim"))
        session.out.print(answer_view(answer))


def if_there(read: Callable[[], T]) -> T | None:
    """A result, or None where the job has none yet or ended without it."""
    try:
        return read()
    except ApiError as error:
        if error.code in ABSENT:
            return None
        raise


def job_view(job: Job, session: Session) -> Table:
    """What was asked, and how far it is."""
    request, progress = job.request, job.progress
    state = tables.state(job.state.value)
    if job.state.value == "running" and job.phase is not None:
        state.append(f", {job.phase.value.replace('_', ' ')}", style="not bold")
    rows: list[tuple[str, Text | str]] = [
        ("job", Text(plain(job.id), style="bold")),
        ("task", f"{job.task}@{job.task_version}" + "".join(f", {k}={v}" for k, v in request.params.items())),
        ("asked", asked(job)),
        ("state", state),
        *([("tags", ", ".join(job.tags))] if job.tags else []),
        *([("note", job.note)] if job.note else []),
        *([("archived", figures.ago(job.archived_at, session.now()))] if job.archived_at else []),
        ("created", figures.ago(job.created_at, session.now())),
    ]
    if progress.total:
        left = f", about {figures.duration(progress.eta_s)} left" if progress.eta_s is not None else ""
        rows.append(("trainings", f"{progress.done} of {progress.total}{'' if job.state.final else left}"))
    if job.started_at and job.finished_at:
        rows.append(("took", figures.duration((job.finished_at - job.started_at).total_seconds())))
    if job.best is not None and not job.state.final:
        rows.append(
            (
                "best so far",
                f"{request.metric.name} {figures.metric(job.best.value)}: "
                f"{figures.family(job.best.schedule)} from {figures.lr(job.best.initial_lr)} "
                f"(trial {job.best.number})",
            )
        )
    return tables.facts(rows)


def asked(job: Job) -> str:
    """Optimizer, length and size of the search in a line."""
    request = job.request
    options = "".join(f" {name}={value}" for name, value in request.optimizer.options.items())
    size = f", batch size {request.batch_size}" if request.batch_size else ""
    return (
        f"{request.optimizer.name}{options}, {request.epochs} epochs{size}, "
        f"{request.search.trials} trials, seed {request.search.seed}"
    )


def failure(session: Session, job: Job) -> None:
    """Why a job failed, with the user's own traceback where there is one."""
    if job.error is None:
        return
    session.out.print(Rule("error", align="left", style="dim"))
    for line in exits.of_job(job.error):
        session.out.print(Text(plain(line), style="red"))
    if job.error.traceback:
        session.out.print(Text(plain(job.error.traceback.rstrip()), style="dim"))
