"""What a check found, for people."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lrtune.cli import exits, figures, tables
from lrtune.cli.plain import plain
from lrtune.wire import JobError, JobRequest
from workers.checking.checkup import EPOCH_MOST_S, Checkup, Cost
from workers.facts import Facts
from workers.protocol import Memory

MB = 2**20


def checkup_view(found: Checkup, script: str, request: JobRequest) -> Table:
    """A task that is fine: how it trains, and what a job would cost."""
    engine = found.engine
    assert engine is not None
    assert found.cost is not None
    rows: list[tuple[str, Text | str]] = [
        ("task", Text(f"{plain(script)} is fine", style="green")),
        ("bundle", f"{', '.join(found.files)} ({found.size:,} bytes)"),
        ("data", _data(engine)),
        ("model", _model(engine, request)),
        ("metrics", ", ".join(["loss", *engine.metrics])),
        ("lanes", _lanes(engine)),
        ("speed", _speed(found)),
        ("memory", _memory(found.memory)),
        ("isolation", found.isolation.value),
        ("job", _cost(found.cost, request)),
        ("next", f"lrtune push {plain(script)}"),
    ]
    return tables.facts(rows)


def failure(out: Console, error: JobError, script: str) -> None:
    """What is wrong with a task: where, the line itself, what to do; and the user's own traceback."""
    line = _line(error, script)
    told = exits.of_job(error)
    if line:
        told.insert(2, line)
    for number, text in enumerate(told):
        out.print(Text(("Error: " if number == 0 else "  ") + plain(text)))
    if error.traceback:
        out.print(Text(plain(error.traceback.rstrip()), style="dim"))


def _line(error: JobError, script: str) -> str | None:
    """The line at fault."""
    if error.file is None or error.line is None:
        return None
    folder = Path(script.partition(".py:")[0]).parent
    try:
        lines = (folder / error.file).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return f"    {lines[error.line - 1].strip()}" if 0 < error.line <= len(lines) else None


def _data(engine: Facts) -> str:
    steps = f"steps an epoch: {engine.steps_per_epoch:,}, of {engine.batch_size:,} examples"
    if engine.mode == "owned":
        return steps
    return f"{engine.train_size:,} examples, {engine.valid_size:,} to validate; {steps}"


def _model(engine: Facts, request: JobRequest) -> str:
    weights = "" if engine.mode == "owned" else f"{engine.parameters:,} parameters, "
    lr = f"{request.optimizer.name} with a default LR of {figures.lr(engine.default_lr)}"
    return f"{weights}{engine.precision} on {engine.device}, {lr}"


def _lanes(engine: Facts) -> str:
    if engine.mode == "fused":
        how = f"fused, up to {engine.lanes} trainings in one computation"
    else:
        how = "not fused"
    return f"{how}: {engine.reason}" if engine.reason else how


def _speed(found: Checkup) -> str:
    rate = f"{_rate(found.steps_per_s or 0.0)} steps/s"
    if found.epoch_tried:
        together = "" if found.trainings == 1 else f" of {found.trainings} trainings together"
        return f"{rate}{together}, over an epoch with its validation"
    return f"{rate} without validation: an epoch takes longer than {EPOCH_MOST_S:.0f} s, so none was trained"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _memory(memory: Memory | None) -> str:
    if memory is None:
        return "unknown"
    gpu = "" if memory.gpu_bytes is None else f", {memory.gpu_bytes / MB:,.0f} MiB of the GPU's"
    return f"{memory.host_bytes / MB:,.0f} MiB{gpu}"


def _cost(cost: Cost, request: JobRequest) -> str:
    return (
        f"{cost.trainings:,} trainings, {cost.epochs:,} epochs, {cost.steps:,} steps at most: as much as "
        f"{cost.full_runs:,.0f} full trainings of {request.epochs:,} epochs; "
        f"about {figures.duration(cost.seconds)} on one worker like this"
    )
