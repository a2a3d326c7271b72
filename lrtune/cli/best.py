"""``lrtune best``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import click
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.answer_view import answer_view
from lrtune.cli.keyvalue import KeyValue
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import BestAnswer


@click.command()
@click.argument("task")
@click.option("--param", "params", type=KeyValue(), multiple=True, help="Parameter of the task; repeatable.")
@click.option("--optimizer", metavar="NAME", help="Answers for this optimizer.")
@click.option(
    "--option", "options", type=KeyValue(), multiple=True, help="Option of the optimizer; repeatable."
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Examples a step.")
@click.option("--epochs", type=click.IntRange(min=1), help="Length of a training.")
@click.option("--precision", metavar="NAME", help="float32, …")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@connected
def best(
    session: Session,
    task: str,
    *,
    params: Sequence[tuple[str, Any]],
    optimizer: str | None,
    options: Sequence[tuple[str, Any]],
    limit: int,
    **asked: Any,
) -> None:
    """Print the answers measured for a task, the nearest to what is asked first.

    What is not asked for is not compared.
    """
    if options and optimizer is None:
        raise click.UsageError("--option belongs to an optimizer: give --optimizer too.")
    spec = {"name": optimizer, **dict(options)} if optimizer else None
    found = list(islice(session.client.best(task, spec, params=dict(params), **asked), limit))
    if session.json:
        session.say(found)
        return
    if not found:
        with_it = f" with {optimizer}" if optimizer else ""
        session.out.print(
            plain(f"No job has an answer for {task}{with_it} yet. Measure one: lrtune submit {task} --wait"),
            soft_wrap=True,
        )
        return
    _table(session, found)
    session.out.print()
    for each in found[0].differences:
        session.out.print(Text(f"! {plain(each.warning)}", style="yellow"))
    session.out.print(answer_view(found[0].answer))
    session.out.print(f"\nCode to paste: lrtune code {plain(found[0].job)}", soft_wrap=True)


def _table(session: Session, found: Sequence[BestAnswer]) -> None:
    far = any(each.distance for each in found)
    made = tables.table(
        "", "job", *(["distance"] if far else []),
        "initial LR", "safe band", "schedule", "result", "optimizer", "batch", "epochs",
        right=["", "distance", "batch", "epochs"], wrap=["initial LR", "safe band", "schedule", "result"],
    )  # fmt: skip
    for rank, item in enumerate(found, 1):
        answer = item.answer
        made.add_row(
            str(rank),
            plain(item.job),
            *([f"{item.distance:.2f}"] if far else []),
            figures.lr(answer.initial_lr),
            figures.interval(answer.safe_band),
            figures.family(answer.schedule.family),
            f"{plain(answer.metric.name)} {figures.metric(answer.metric.mean)}",
            plain(str(answer.provenance.optimizer.get("name", ""))),
            str(answer.provenance.batch_size),
            str(answer.provenance.epochs),
        )
    session.out.print(made)
