"""``python -m benchmarks.chaos``: lets faults strike, checks, and writes docs/reliability.md."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from random import Random

import click
from pydantic import TypeAdapter

from benchmarks.chaos import building, ledger
from benchmarks.chaos.checking import Found, check, undisturbed
from benchmarks.chaos.driving import drive
from benchmarks.chaos.faults import FAULTS, Fault
from benchmarks.chaos.faults.workers import worker_killed
from benchmarks.chaos.report import Outcome, page
from benchmarks.chaos.requests import REQUESTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
OUTCOME = TypeAdapter(Outcome)
KINDS = ("postgresql", "sqlite")
KILLS = 12
"""Workers that are killed with default leases, one after the other."""


@click.command()
@click.option("--faults", default=100, show_default=True, help="How many strike, on each database.")
@click.option("--seed", default=1, show_default=True, help="Of what strikes when, whom, and for how long.")
@click.option("--workers", default=3, show_default=True)
@click.option("--at-once", default=3, show_default=True, help="Faults at the same time.")
@click.option(
    "--database", "kinds", type=click.Choice(KINDS), multiple=True, help="One alone; writes no page.  [both]"
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of what came out of each database: what is there is not run again.",
)
def main(
    faults: int, seed: int, workers: int, at_once: int, kinds: tuple[str, ...], keep: Path | None
) -> None:
    """Nothing lost, nothing twice, whatever falls: a real server, database and workers, and faults."""
    folder = Path(tempfile.mkdtemp(prefix="lrtune-chaos-"))
    # Trainers run under an account of their own and must reach their folders.
    folder.chmod(0o755)
    kept = keep or _home(folder, "outcomes")
    kept.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    expected: list[Found] = []
    outcomes = []
    for kind in kinds or KINDS:
        file = kept / f"{kind}-{faults}-{seed}.json"
        if not file.exists():
            if not expected:
                click.echo("The jobs without faults …")
                expected = undisturbed(_home(folder, "undisturbed"), REQUESTS)
            home = _home(folder, kind)
            found = run(home, kind, expected, faults=faults, seed=seed, workers=workers, at_once=at_once)
            file.write_bytes(OUTCOME.dump_json(found))
        outcomes.append(OUTCOME.validate_json(file.read_bytes()))
    broken = [sentence for outcome in outcomes for sentence in outcome.broken]
    if not kinds:
        told, recovered_s = default_leases(_home(folder, "default-leases"), workers=workers, seed=seed)
        broken += told
        command = f"make chaos FAULTS={faults} SEED={seed}"
        loads = (load, os.getloadavg()[0])
        text = page(outcomes, recovered_s, command=command, on=datetime.now(UTC).date(), loads=loads)
        PAGE.write_text(text)
        click.echo(f"Written: {PAGE}")
    if broken:
        raise click.ClickException(f"{len(broken)} promises were broken; the logs are in {folder}")
    shutil.rmtree(folder)


def run(
    home: Path, kind: str, expected: list[Found], *, faults: int, seed: int, workers: int, at_once: int
) -> Outcome:
    """Faults on one database."""
    begun_at = time.monotonic()
    with building.world(home, kind, workers=workers, seed=seed) as world:
        left_out = {fault.name: why for fault in FAULTS if (why := fault.left_out(world)) is not None}
        click.echo(f"{kind}: {faults} faults, seed {seed}")
        for name, why in left_out.items():
            click.echo(f"   left out: {name} ({why})")
        order = shuffled([fault for fault in FAULTS if fault.name not in left_out], faults, seed)
        story = drive(world, REQUESTS, order, at_once=at_once, tell=click.echo)
        claims = ledger.claims(world.database)
        broken = check(world, story, expected)
    for sentence in broken:
        click.echo(f"BROKEN: {sentence}")
    click.echo(f"{kind}: {len(story.submitted)} jobs, {claims} leases, {len(broken)} promises broken\n")
    struck = [(strike.fault, strike.recovery_s) for strike in story.strikes]
    seconds = time.monotonic() - begun_at
    return Outcome(kind, len(story.submitted), struck, claims, workers, at_once, left_out, broken, seconds)


def default_leases(home: Path, *, workers: int, seed: int) -> tuple[list[str], list[float]]:
    """Kills workers whose leases are as long as they are by default, on PostgreSQL, one after the other.

    Returns:
        Promises that were broken; seconds until each one's unit was claimed again.
    """
    click.echo(f"{KILLS} workers are killed with default leases")
    kills = [fault for fault in FAULTS if fault.strikes is worker_killed] * KILLS
    with building.world(home, "postgresql", workers=workers, seed=seed, lease_s=None) as world:
        story = drive(world, REQUESTS, kills, at_once=1, tell=click.echo)
    return story.broken, [s.recovery_s for s in story.strikes if s.recovery_s is not None]


def shuffled(kinds: list[Fault], count: int, seed: int) -> list[Fault]:
    """So many faults, each kind as often as the others, in an order of chance."""
    random = Random(seed)
    random.shuffle(kinds)
    faults = list(islice(cycle(kinds), count))
    random.shuffle(faults)
    return faults


def _home(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    return home


if __name__ == "__main__":
    main()
