"""``lrtune trials``."""

from __future__ import annotations

import math
from itertools import islice

import click
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import Phase, Trial, TrialState


@click.command()
@click.argument("job")
@click.option("--phase", type=click.Choice([p.value for p in Phase]), help="Trials of this phase.")
@click.option("--state", type=click.Choice([s.value for s in TrialState]), help="Trials in this state.")
@click.option(
    "--sort",
    type=click.Choice(["number", "value"]),
    default="number",
    show_default=True,
    help="By number, or best value first.",
)
@click.option("--limit", type=click.IntRange(min=1), help="How many; all by default.")
@connected
def trials(
    session: Session, job: str, *, phase: str | None, state: str | None, sort: str, limit: int | None
) -> None:
    """List a job's trials."""
    job_id = session.job_id(job)
    source = session.client.trials(job_id, phase=phase, state=state)
    if sort == "value":
        goal = session.client.job(job_id).request.metric.goal
        source = iter(sorted(source, key=lambda trial: _rank(trial, goal)))
    found = list(islice(source, limit))
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("There is no trial like that." if phase or state else "There is no trial yet.")
        return
    made = tables.table(
        "trial",
        "phase",
        "state",
        "value",
        "epochs",
        "seed",
        "setting",
        right=["trial", "value", "epochs", "seed"],
        wrap=["setting"],
    )
    for trial in found:
        made.add_row(
            str(trial.number),
            trial.phase.value.replace("_", " "),
            tables.state(trial.state.value),
            figures.metric(trial.value),
            f"{len(trial.curve)}/{trial.epochs}",
            str(trial.seed),
            _setting(trial),
        )
    session.out.print(made)


def _rank(trial: Trial, goal: str) -> tuple[float, int]:
    """Best first; trials without a value last, by number."""
    if trial.value is None or not math.isfinite(trial.value):
        return math.inf, trial.number
    return (trial.value if goal == "minimize" else -trial.value), trial.number


def _setting(trial: Trial) -> Text:
    text = Text(f"{figures.family(trial.schedule)} from {figures.lr(trial.initial_lr)}")
    if trial.params:
        text.append(f"  {figures.params(trial.params)}", style="dim")
    if trial.label:
        text.append(f"  ({plain(trial.label)})", style="dim")
    return text
