"""``lrtune best``."""

from __future__ import annotations

from itertools import islice

import click

from lrtune.cli import figures, tables
from lrtune.cli.answer_view import answer_view
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command()
@click.argument("task")
@click.option("--optimizer", metavar="NAME", help="Answers for this optimizer.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@connected
def best(session: Session, task: str, *, optimizer: str | None, limit: int) -> None:
    """Print the answers measured for a task, best first."""
    found = list(islice(session.client.best(task, optimizer), limit))
    if session.json:
        session.say(found)
        return
    if not found:
        with_it = f" with {optimizer}" if optimizer else ""
        session.out.print(
            plain(f"No job has an answer for {task}{with_it} yet. Measure one: lrtune submit {task} --wait")
        )
        return
    made = tables.table(
        "", "job", "initial LR", "safe band", "schedule", "result", "optimizer", "batch", "epochs",
        right=["", "batch", "epochs"], wrap=["initial LR", "safe band", "schedule", "result"],
    )  # fmt: skip
    for rank, item in enumerate(found, 1):
        answer = item.answer
        made.add_row(
            str(rank),
            plain(item.job),
            figures.lr(answer.initial_lr),
            figures.interval(answer.safe_band),
            figures.family(answer.schedule.family),
            f"{plain(answer.metric.name)} {figures.metric(answer.metric.mean)}",
            plain(str(answer.provenance.optimizer.get("name", ""))),
            str(answer.provenance.batch_size),
            str(answer.provenance.epochs),
        )
    session.out.print(made)
    session.out.print()
    session.out.print(answer_view(found[0].answer))
    session.out.print(f"\nCode to paste: lrtune code {plain(found[0].job)}", soft_wrap=True)
