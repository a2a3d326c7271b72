"""``python -m benchmarks.api``: measures, and writes docs/benchmarks/api.md."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import httpx
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from benchmarks.api import filling, load
from benchmarks.api.load import Measured
from store import migrate
from tests import postgresql

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "api.md"
FEW = 50
"""Jobs of the "empty" database: enough that each request has something to find."""

Ask = Callable[[httpx.Client, int], httpx.Response]


def asks(jobs: int) -> dict[str, Ask]:
    """The requests; each asks for other jobs in turn, spread over all there are."""

    def job(n: int) -> str:
        return f"{1_000_000 + 1 + n * 7919 % jobs:x}"

    def task(n: int) -> str:
        return f"task{n % filling.TASKS}"

    return {
        "read": lambda http, n: http.get(f"/v1/jobs/{job(n)}"),
        "list": lambda http, n: http.get("/v1/jobs", params={"limit": 20, "task": task(n)}),
        "search": lambda http, n: http.get("/v1/jobs", params={"limit": 20, "q": f"{task(n)} adam"}),
        "best": lambda http, n: http.get("/v1/best", params={"limit": 10, "task": task(n), "batch_size": 64}),
        "trials": lambda http, n: http.get(f"/v1/jobs/{job(n)}/trials", params={"limit": 50}),
        "submit": lambda http, n: http.post(
            "/v1/jobs", json={"task": task(n)}, headers={"Idempotency-Key": uuid.uuid4().hex}
        ),
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
        for name, size, of_trials in (("empty", FEW, FEW * 50), ("full", jobs, trials)):
            url = database(server)
            start = time.monotonic()
            filling.fill(url, jobs=size, trials=of_trials)
            click.echo(f"{name}: {size} jobs, {of_trials} trials, filled in {time.monotonic() - start:.0f} s")
            with load.serving(load.theirs, url, home) as address:
                bare = load.measure(
                    address, lambda http, n: http.get("/rows/a"), seconds=seconds, clients=clients
                )
            measured[name] = {"bare select": bare}
            with load.serving(load.ours, url, home) as address:
                for what, ask in asks(size).items():
                    measured[name][what] = load.measure(address, ask, seconds=seconds, clients=clients)
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


def page(measured: dict[str, dict[str, Measured]], *, jobs: int, trials: int, seconds: float,
         clients: int) -> str:  # fmt: skip
    """The page: the table, and what misses its goal."""
    empty, full = measured["empty"], measured["full"]
    lines = [
        "# The HTTP API, empty and full",
        "",
        f"`make bench-api`: {jobs:,} jobs and {trials:,} trials in PostgreSQL against {FEW} jobs; {clients} "
        f"clients that ask as fast as one server process answers, {seconds:g} s each; clients, server and "
        f"database share the machine ({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the end). "
        f"Python {platform.python_version()}, FastAPI {version('fastapi')}, "
        f"SQLAlchemy {version('sqlalchemy')}. `bare select` is a FastAPI endpoint that reads one row by "
        "SQLAlchemy's ORM, measured in the same run.",
        "",
        "| request | empty, requests/s | p99 | full, requests/s | p99 | p99, full/empty | rate, full/bare |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    missed = []
    for what, before in empty.items():
        after = full[what]
        times, share = after.p99_ms / before.p99_ms, after.rate / full["bare select"].rate
        lines.append(
            f"| {what} | {before.rate:,.0f} | {before.p99_ms:.1f} ms | {after.rate:,.0f} "
            f"| {after.p99_ms:.1f} ms | {times:.2f} | {share:.0%} |"
        )
        if what != "bare select" and times > 2:
            missed.append(f"the p99 of {what} is {times:.1f} times as long when full (goal: at most 2)")
        if what == "read" and share < 0.7:
            missed.append(f"read has {share:.0%} of the bare endpoint's rate (goal: at least 70 %)")
    told = "Missed: " + "; ".join(missed) + "." if missed else "Both goals are met."
    goals = "Goals: p99 at most twice as long when full, and read at 70 % of the bare endpoint's rate."
    return "\n".join([*lines, "", f"{goals} {told}", ""])


if __name__ == "__main__":
    main()
