"""``python -m benchmarks.scale``: a simulated fleet; writes docs/benchmarks/scale.md."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.api import load
from benchmarks.api.__main__ import SECRET, database, enroll
from benchmarks.api.load import Asked
from benchmarks.scale import filling, fleet
from benchmarks.scale.measuring import Asking, Meter, jain, one, served, waits
from benchmarks.scale.page import Found, Run, page
from store import Database, drains
from tests import postgresql

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "scale.md"
AUTHORS = {"ada": 1.0, "bob": 1.3, "cem": 2.0, "dee": 3.0, "eva": 5.0}
"""Authors, and how unequal their backlogs are."""

TRICKLE_S = 0.5
BURST = 10
"""Units of each job of the burst."""


@click.command()
@click.option("--workers", default=1000, show_default=True)
@click.option("--trial-s", default=10.0, show_default=True, help="What a trial takes of a worker's time.")
@click.option("--lanes", default=8, show_default=True, help="Trials of a unit.")
@click.option("--epochs", default=10, show_default=True, help="Reports of a trial.")
@click.option("--minutes", default=4.0, show_default=True, help="Under load, and a quarter of it idle.")
@click.option("--processes", default=4, show_default=True, help="Of the simulated workers.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=PAGE, help="The page to write."
)
def main(
    workers: int,
    trial_s: float,
    lanes: int,
    epochs: int,
    minutes: float,
    processes: int,
    seed: int,
    out: Path,
) -> None:
    """A fleet whose trainers sleep: queue wait, overhead, fairness between authors, and the API meanwhile."""
    run = Run(workers, trial_s, lanes, epochs, minutes, processes, seed)
    with (
        postgresql.serving(os.environ, connections=workers + 100) as server,
        tempfile.TemporaryDirectory() as home,
    ):
        [most] = one(server, "SELECT current_setting('max_connections')::int")
        if most < workers + 50:
            raise click.ClickException(
                f"{workers} workers need max_connections of {workers + 50}: it is {most:g}."
            )
        url = database(server)
        enroll(url)
        with load.serving(load.ours, url, home) as api:
            found = measure(url, api, run)
    text = page(run, found, on=datetime.now(UTC).date())
    out.write_text(text)
    click.echo(text)


def measure(url: str, api: load.Server, run: Run) -> Found:
    """First an idle fleet and a queue that is empty but for a trickle and a burst, then one under load."""
    work = Database(url)
    filling.prepare(work)
    trickle = filling.submitted(work, "trickle")
    # The workers of one job take turns to write; a burst is of several.
    burst = [filling.submitted(work, f"burst-{number}") for number in range(max(run.workers // 40, 1))]
    ramp_s = max(10.0, run.workers / 20)
    crew = fleet.start(url, workers=run.workers, processes=run.processes, trial_s=run.trial_s, ramp_s=ramp_s)
    _wait(url, run.workers, ramp_s)
    click.echo(f"{run.workers} workers are there, and idle")
    idle_s = 60 * run.minutes / 4
    meter, ends = Meter(url), time.monotonic() + idle_s
    time.sleep(idle_s / 2)
    idle = meter.read()
    while time.monotonic() < ends:
        with work.write() as tx:
            filling.add(tx, trickle, lanes=1, epochs=1)
        time.sleep(TRICKLE_S)
    with work.write() as tx:
        for job in burst:
            for _ in range(BURST):
                filling.add(tx, job, lanes=1, epochs=1)
    burst_at = time.monotonic()
    while (
        len(burst_waits := [wait for job in burst for wait in waits(url, job)]) < BURST * len(burst)
        and time.monotonic() < burst_at + 60
    ):
        time.sleep(0.5)
    click.echo("the trickle and the burst are claimed; now the backlog")
    load_s = 60 * run.minutes
    share = run.workers * (load_s / run.unit_s + 2) / len(AUTHORS) / filling.UNITS
    jobs = {author: max(round(times * share), 1) for author, times in AUTHORS.items()}
    # Nobody is served before all have come.
    with work.write() as tx:
        drains.begin(tx)
    filling.backlog(url, jobs, lanes=run.lanes, epochs=run.epochs, seed=run.seed)
    with work.write() as tx:
        drains.end(tx)
    begun_at = time.monotonic()
    click.echo(f"backlog of jobs: {jobs}")
    # The first units of all workers begin together, as no fleet's do.
    time.sleep(run.unit_s / 2)
    asking = Asking(api, _asks(), every_s=0.2)
    asking.start()
    meter.read()
    most_active = 0
    for _ in range(int((load_s - run.unit_s / 2) / 2)):
        time.sleep(2)
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
        )
        most_active = max(most_active, int(one(url, query)[0]))
    busy = meter.read()
    asking.end()
    by_author = served(url, time.monotonic() - begun_at)
    [connections] = one(url, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    [lapses] = one(url, "SELECT sum(lapses) FROM units")
    connection_mb = meter.connection_mb()
    # Each worker's first unit of the backlog followed upon idleness.
    cycles = [cycle for cycle in crew.end() if cycle.ended_at - cycle.took_s > begun_at]
    work.dispose()
    return Found(
        idle=idle,
        trickle=waits(url, trickle),
        burst=burst_waits,
        busy=busy,
        asking=asking,
        jobs=jobs,
        served=by_author,
        jain=jain([by_author.get(author, 0) for author in AUTHORS]),
        connections=int(connections),
        active=most_active,
        connection_mb=connection_mb,
        lapses=int(lapses),
        cycles=cycles,
        load=os.getloadavg()[0],
    )


def _wait(url: str, workers: int, ramp_s: float) -> None:
    deadline = time.monotonic() + ramp_s + 300
    while one(url, "SELECT count(*) FROM workers")[0] < workers:
        if time.monotonic() > deadline:
            raise click.ClickException("not all workers started; are there processes left of it?")
        time.sleep(1)


def _asks() -> dict[str, Callable[[int], Asked]]:
    token = {"Authorization": f"Bearer {SECRET}"}
    # Behind all others, for these jobs have nothing to train.
    job = json.dumps({"task": filling.TASK, "priority": -10})
    return {
        "read a job": lambda n: Asked("/v1/jobs/trickle", headers=token),
        "list 20 jobs": lambda n: Asked("/v1/jobs?limit=20", headers=token),
        "list the workers": lambda n: Asked("/v1/workers", headers=token),
        "submit a job": lambda n: Asked(
            "/v1/jobs", "POST", job, {**token, "Content-Type": "application/json"}
        ),
    }


if __name__ == "__main__":
    main()
