"""``python -m benchmarks.api``: measures, and writes docs/benchmarks/api.md."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from benchmarks.api import filling, load
from benchmarks.api.load import Asked, Measured
from lrtune.wire import AccountKind, Role, Scope
from store import Database, accounts, migrate, tokens
from tests import postgresql

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "api.md"
BARE = "bare select"
FEW = 50
"""Jobs of the "empty" database: enough that each request has something to find."""

SECRET = "lrtune-benchmark"
"""The token of the one account: every request shows it, as those to a team's server do."""

Ask = Callable[[int], Asked]


def asks(jobs: int) -> dict[str, Ask]:
    """The requests; each asks for other jobs in turn, spread over all there are."""
    token = {"Authorization": f"Bearer {SECRET}"}

    def job(n: int) -> str:
        return filling.job(1 + n * 7919 % jobs)

    def curved(n: int) -> str:
        return filling.job(filling.CURVED * (1 + n * 7919 % (jobs // filling.CURVED)))

    def task(n: int) -> str:
        return f"task{n % filling.TASKS}"

    def submission(n: int) -> Asked:
        headers = {**token, "Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        return Asked("/v1/jobs", "POST", json.dumps({"task": task(n)}), headers)

    def get(path: Callable[[int], str]) -> Ask:
        return lambda n: Asked(path(n), headers=token)

    return {
        "read": get(lambda n: f"/v1/jobs/{job(n)}"),
        "list": get(lambda n: f"/v1/jobs?limit=20&task={task(n)}"),
        "search": get(lambda n: f"/v1/jobs?limit=20&q={task(n)}+adam"),
        "best": get(lambda n: f"/v1/best?limit=10&task={task(n)}&batch_size=64"),
        "trials": get(lambda n: f"/v1/jobs/{curved(n)}/trials?limit=50"),
        "submit": submission,
    }


@click.command()
@click.option("--jobs", default=100_000, show_default=True, help="Jobs of the full database.")
@click.option("--trials", default=5_000_000, show_default=True, help="Trials of the full database.")
@click.option("--seconds", default=10.0, show_default=True, help="Length of each measurement.")
@click.option("--clients", default=4, show_default=True, help="Clients that ask at once.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=PAGE, help="The page to write."
)
def main(jobs: int, trials: int, seconds: float, clients: int, out: Path) -> None:
    """Requests a second and p99, empty against full, and against a bare endpoint that does one select."""
    with postgresql.serving(os.environ) as server, tempfile.TemporaryDirectory() as home:
        measured: dict[str, dict[str, Measured]] = {}
        for name, size, of_trials in (("empty", FEW, FEW * trials // jobs), ("full", jobs, trials)):
            url = database(server)
            start = time.monotonic()
            filling.fill(url, jobs=size, trials=of_trials)
            click.echo(f"{name}: {size} jobs, {of_trials} trials, filled in {time.monotonic() - start:.0f} s")
            enroll(url)
            with load.serving(load.theirs, url, home) as running:
                bare = load.measure(running, lambda n: Asked("/rows/a"), seconds=seconds, clients=clients)
            measured[name] = {BARE: bare}
            with load.serving(load.ours, url, home) as running:
                for what, ask in asks(size).items():
                    measured[name][what] = load.measure(running, ask, seconds=seconds, clients=clients)
        text = page(measured, jobs=jobs, trials=trials, seconds=seconds, clients=clients)
        out.write_text(text)
        click.echo(text)


def database(server: str) -> str:
    """A new migrated database."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    return url


def enroll(url: str) -> None:
    """The account whose token the requests show."""
    database = Database(url)
    with database.write() as tx:
        accounts.create(tx, "bench", kind=AccountKind.PERSON, role=Role.ADMIN)
        tokens.create(tx, "bench", token_id="bench", secret=SECRET, scopes=list(Scope))
    database.dispose()


def page(measured: dict[str, dict[str, Measured]], *, jobs: int, trials: int, seconds: float,
         clients: int) -> str:  # fmt: skip
    """The page: the table, and what misses its goal."""
    empty, full = measured["empty"], measured["full"]
    lines = [
        "# The HTTP API, empty and full",
        "",
        f"`make bench-api`: {jobs:,} jobs and {trials:,} trials in PostgreSQL, in memory and without fsync, "
        f"against {FEW} jobs with as many trials each. One job in {filling.CURVED} has its trials' curves, "
        f"of {filling.EPOCHS} epochs; `trials` asks for up to 50 trials of one of these. {clients} clients "
        f"ask as fast as one server process answers, {seconds:g} s each, with a token that is looked up each "
        f"time. Clients, server and database share the machine: {os.cpu_count()} CPUs, at a load of "
        f"{os.getloadavg()[0]:.1f} at the end, of which the benchmark itself makes about 3. Python "
        f"{platform.python_version()}, FastAPI {version('fastapi')}, SQLAlchemy {version('sqlalchemy')}.",
        "",
        f"`{BARE}` is a FastAPI endpoint that reads one row by SQLAlchemy's ORM, without a token, measured "
        "in the same run. CPU is what the server's process spends on a request: other load on the machine "
        "disturbs it least.",
        "",
        "| request | empty, requests/s | p99 | CPU | full, requests/s | p99 | CPU | p99, full/empty "
        "| rate, full/bare | CPU, bare/full |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    missed = []
    bare = full[BARE]
    for what, before in empty.items():
        after = full[what]
        times, share = after.p99_ms / before.p99_ms, after.rate / bare.rate
        lines.append(
            f"| {what} | {_cells(before)} | {_cells(after)} | {times:.2f} | {share:.0%} "
            f"| {bare.cpu_ms / after.cpu_ms:.0%} |"
        )
        if what != BARE and times > 2:
            missed.append(f"the p99 of {what} is {times:.1f} times as long when full (goal: at most 2)")
        if what == "read" and share < 0.7:
            missed.append(f"read has {share:.0%} of the bare endpoint's rate (goal: at least 70 %)")
    told = "Missed: " + "; ".join(missed) + "." if missed else "Both goals are met."
    goals = "Goals: p99 at most twice as long when full, and read at 70 % of the bare endpoint's rate."
    return "\n".join([*lines, "", f"{goals} {told}", ""])


def _cells(measured: Measured) -> str:
    return f"{measured.rate:,.0f} | {measured.p99_ms:.1f} ms | {measured.cpu_ms:.2f} ms"


if __name__ == "__main__":
    main()
