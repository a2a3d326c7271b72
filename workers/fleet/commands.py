"""``lrtune fleet``; the lrtune command finds it by entry point."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from store import Database, schema_state
from store.errors import DatabaseUnavailable
from workers import settings
from workers.commands import SCHEMA_REMEDIES
from workers.fleet.order import Order

if TYPE_CHECKING:
    from workers.fleet.crew import Row

INSTALL = "Install Ray here and on the nodes: pip install 'lrtune[worker,ray]'"
LOOK_EVERY_S = 0.5

RAY = click.option(
    "--ray",
    "address",
    metavar="ADDRESS",
    envvar="LRTUNE_RAY",
    default="auto",
    show_default=True,
    help="The cluster: auto on one of its nodes, HOST:PORT, or ray://HOST:10001.  [env: LRTUNE_RAY]",
)


@click.group()
def fleet() -> None:
    """Workers on a Ray cluster, as many as the queue needs."""


@fleet.command()
@RAY
@click.option("--database-url", metavar="URL", help="PostgreSQL of the server.  [env: LRTUNE_DATABASE_URL]")
@click.option(
    "--gpus-per-worker", type=click.FloatRange(0, 64), default=1.0, show_default=True, help="May be a part."
)
@click.option(
    "--cpus-per-worker", type=click.FloatRange(0, 1024), default=1.0, show_default=True, help="CPUs likewise."
)
@click.option(
    "--workers", type=click.IntRange(1, 10_000), help="Exactly so many; instead of --min and --max."
)
@click.option(
    "--min", "least", type=click.IntRange(0, 10_000), default=0, show_default=True, help="Stay when idle."
)
@click.option(
    "--max", "most", type=click.IntRange(1, 10_000), default=8, show_default=True, help="Never more."
)
@click.option(
    "--idle-s", type=click.FloatRange(0), default=120.0, show_default=True, help="Idle so long, then gone."
)
def up(
    address: str,
    database_url: str | None,
    gpus_per_worker: float,
    cpus_per_worker: float,
    workers: int | None,
    least: int,
    most: int,
    idle_s: float,
) -> None:
    """Bring a fleet up, or change the one that is there."""
    least, most = (workers, workers) if workers is not None else (least, max(least, most))
    order = Order(environment(database_url), least, most, gpus_per_worker, cpus_per_worker, idle_s)
    with connected(address) as ray:
        from workers.fleet.crew import CREW, NAMESPACE, Crew

        crew = found(ray)
        if crew is not None:
            ray.get(crew.reorder.remote(order))
        else:
            crew = (
                ray.remote(Crew)
                .options(
                    name=CREW, namespace=NAMESPACE, lifetime="detached", max_restarts=-1, max_task_retries=-1,
                    num_cpus=0, max_concurrency=4,
                )
                .remote(order)
            )  # fmt: skip
            ray.get(crew.status.remote())
    size = f"{most} workers" if least == most else f"{least} to {most} workers, as the queue asks for"
    click.echo(f"The fleet is up: {size}, {gpus_per_worker:g} GPUs each. See it: lrtune fleet status")


@fleet.command()
@RAY
@click.option("--json", "as_json", is_flag=True, help="A list of workers as JSON.")
def status(address: str, as_json: bool) -> None:
    """List the fleet's workers: pending, working, idle, leaving or ended."""
    with connected(address) as ray:
        crew = found(ray)
        rows: list[Row] = [] if crew is None else ray.get(crew.status.remote())
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    elif crew is None:
        click.echo("There is no fleet. Bring one up: lrtune fleet up")
    elif not rows:
        click.echo("The fleet has no worker now; the queue asks for none.")
    for row in () if as_json else rows:
        where = "" if row.place is None else f"{row.place.host} pid {row.place.pid}"
        gpus = "" if row.place is None or not row.place.gpus else f" GPU {','.join(row.place.gpus)}"
        click.echo(f"{row.name:<20} {row.state:<8} {where}{gpus}".rstrip())


@fleet.command()
@RAY
@click.option("--now", "at_once", is_flag=True, help="Hand units back instead of finishing them.")
def down(address: str, at_once: bool) -> None:
    """Let the workers finish the units they hold, end them, and end the fleet."""
    with connected(address) as ray:
        crew = found(ray)
        if crew is None:
            click.echo("There is no fleet.")
            return
        ray.get(crew.close.remote(at_once=at_once))
        told = 0
        while left := ray.get(crew.left.remote()):
            if left != told:
                click.echo(f"{left} workers are still there.")
            told = left
            time.sleep(LOOK_EVERY_S)
        ray.kill(crew, no_restart=True)
    click.echo("The fleet is down.")


def environment(database_url: str | None) -> dict[str, str]:
    """Variables for the workers: all of lrtune's that are set here, with the database's URL checked."""
    try:
        chosen = settings.load(os.environ, database_url=database_url)
        database = Database(chosen.database_url)
        state = schema_state(database)
        database.dispose()
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used. {error}") from None
    if state != "current":
        raise click.ClickException(f"The database's schema is {state}. {SCHEMA_REMEDIES[state]}")
    ours = {
        name: value
        for name, value in os.environ.items()
        if name in settings.VARIABLES.values() or name.startswith("OTEL_")
    }
    return {**ours, "LRTUNE_DATABASE_URL": chosen.database_url}


def found(ray: Any) -> Any:
    """The fleet's actor, or None."""
    from workers.fleet.crew import CREW, NAMESPACE

    try:
        return ray.get_actor(CREW, NAMESPACE)
    except ValueError:
        return None


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to the cluster; what goes wrong ends the command with one line."""
    try:
        import ray
    except ModuleNotFoundError:
        raise click.ClickException(f"Ray is not installed. {INSTALL}") from None
    try:
        ray.init(address=address, namespace="lrtune", log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise click.ClickException(f"No Ray cluster at {address}: {said}") from None
    try:
        yield ray
    except ray.exceptions.RayError as error:
        said = " ".join(str(error).split())[:300]
        raise click.ClickException(f"Ray could not do it: {said}") from None
    finally:
        ray.shutdown()
