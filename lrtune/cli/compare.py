"""``lrtune compare``."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import ComparedJob, Comparison


@click.command()
@click.argument("jobs", metavar="JOB JOB...", nargs=-1, required=True)
@connected
def compare(session: Session, *, jobs: tuple[str, ...]) -> None:
    """Print jobs side by side: what was found, and in what they differ."""
    if len(jobs) < 2:
        raise click.UsageError("Name at least two jobs.")
    found = session.client.compare(*map(session.job_id, jobs))
    if session.json:
        session.say(found)
        return
    ids = [each.job.id for each in found.jobs]
    made = tables.table("job", *map(plain, ids), wrap=["job"])
    for name, cells in _rows(found):
        made.add_row(Text(plain(name), style="dim"), *cells)
    session.out.print(made)
    if found.best is not None:
        session.out.print(Text(f"\nBest: {plain(found.best)}", style="bold green"))
    for remark in found.remarks:
        session.out.print(Text(f"! {plain(remark)}", style="yellow"))


def _rows(found: Comparison) -> list[tuple[str, list[Text | str]]]:
    rows: list[tuple[str, list[Text | str]]] = [
        ("state", [tables.state(each.job.state.value) for each in found.jobs])
    ]
    for name, show in _FOUND:
        cells = [show(each) for each in found.jobs]
        if any(cells):
            rows.append((name, [plain(cell) for cell in cells]))
    rows += [(each.what, [_value(value) for value in each.values]) for each in found.differing]
    return rows


def _result(each: ComparedJob) -> str:
    if each.answer is None:
        return ""
    metric = each.answer.metric
    low, high = figures.metric(metric.low), figures.metric(metric.high)
    return f"{metric.name} {figures.metric(metric.mean)} ({low} to {high})"


_FOUND = (
    ("suggested LR", lambda each: figures.lr(each.suggestion.lr) if each.suggestion else ""),
    ("initial LR", lambda each: figures.lr(each.answer.initial_lr, 3) if each.answer else ""),
    ("safe band", lambda each: figures.interval(each.answer.safe_band) if each.answer else ""),
    ("schedule", lambda each: figures.family(each.answer.schedule.family) if each.answer else ""),
    ("result", _result),
)


def _value(value: Any) -> str:
    return plain(value if isinstance(value, str) else "" if value is None else json.dumps(value))
