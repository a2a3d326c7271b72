"""``python -m benchmarks.store``: measures, and prints the tables of docs/benchmarks/store.md."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from itertools import count
from pathlib import Path

import click
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from benchmarks.store import asking, claims, writing
from store import migrate
from tests import postgresql


class Databases:
    """New databases: migrated for us, bare for others."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder, self._numbers = server, folder, count()

    def postgresql(self, *, migrated: bool = True) -> str:
        name = f"bench_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = make_url(self._server).set(database=name).render_as_string(hide_password=False)
        if migrated:
            migrate(url)
        return url

    def sqlite(self, *, migrated: bool = True) -> str:
        url = f"sqlite:///{self._folder}/{next(self._numbers)}.db"
        if migrated:
            migrate(url)
        return url

    def journal(self) -> str:
        return f"journal:{self._folder}/{next(self._numbers)}.log"


@click.command()
@click.option("--seconds", default=10.0, show_default=True, help="Length of each measurement.")
@click.option(
    "--only", type=click.Choice(["claims", "writes", "asks"]), multiple=True, help="Some tables alone."
)
def main(seconds: float, only: tuple[str, ...]) -> None:
    """Claims a second by 64 claimers, trials written a second by 16 workers, and how long asking takes."""
    made = {"claims": claim_table, "writes": write_table, "asks": ask_table}
    with postgresql.serving(os.environ) as server, tempfile.TemporaryDirectory() as folder:
        databases = Databases(server, Path(folder))
        load = os.getloadavg()[0]
        click.echo(
            f"{os.cpu_count()} CPUs at a load of {load:.1f}, Python {platform.python_version()}, ", nl=False
        )
        click.echo(f"SQLAlchemy {version('sqlalchemy')}, Optuna {version('optuna')}, {seconds:g} s each\n")
        for name, table in made.items():
            if not only or name in only:
                table(databases, seconds)


def claim_table(databases: Databases, seconds: float) -> None:
    click.echo("| 64 claimers | claims/s | of pgbench | claimed twice |\n| --- | --- | --- | --- |")
    enough = round(12_000 * seconds)
    bare = claims.pgbench(databases.postgresql(migrated=False), seconds=seconds, available=2 * enough)
    click.echo(f"| pgbench, bare statement | {bare:,.0f} | 100 % | |")
    full = claims.pgbench_ours(databases.postgresql(), seconds=seconds, available=enough)
    click.echo(f"| pgbench, lrtune's statement and table | {full:,.0f} | {full / bare:.0%} | |")
    for name, url in (("PostgreSQL", databases.postgresql()), ("SQLite", databases.sqlite())):
        rate, twice = claims.ours(url, seconds=seconds, available=enough)
        click.echo(f"| lrtune on {name}, in Python | {rate:,.0f} | {rate / bare:.0%} | {twice} |")
    cost = [claims.cpu_ms(url) for url in (databases.postgresql(), databases.sqlite())]
    click.echo(
        f"\nCPU of the worker's process a claim: {cost[0]:.2f} ms on PostgreSQL, {cost[1]:.2f} on SQLite.\n"
    )


def write_table(databases: Databases, seconds: float) -> None:
    click.echo("| 16 workers, 20 reports a trial | SQLite, trials/s | PostgreSQL, trials/s |")
    click.echo("| --- | --- | --- |")
    for lanes, enough in ((writing.LANES, round(500 * seconds)), (1, round(100 * seconds))):
        rates = [
            writing.ours(url, lanes=lanes, seconds=seconds, available=enough)
            for url in (databases.sqlite(), databases.postgresql())
        ]
        click.echo(f"| lrtune, {lanes} trials a unit | {rates[0]:,.1f} | {rates[1]:,.1f} |")
    bare = [
        databases.sqlite(migrated=False),
        databases.postgresql(migrated=False).replace("postgresql:", "postgresql+psycopg:"),
    ]
    rates = [writing.optuna_storage(url, seconds=seconds) for url in bare]
    click.echo(f"| Optuna, RDB storage | {rates[0]:,.1f} | {rates[1]:,.1f} |")
    with writing.proxy(
        databases.postgresql(migrated=False).replace("postgresql:", "postgresql+psycopg:")
    ) as url:
        click.echo(f"| Optuna, gRPC proxy | | {writing.optuna_storage(url, seconds=seconds):,.1f} |")
    journal = writing.optuna_storage(databases.journal(), seconds=seconds)
    click.echo(f"| Optuna, journal file | {journal:,.1f} (a file) | |\n")


def ask_table(databases: Databases, seconds: float) -> None:
    samplers = ("random", "tpe", "gp")
    heads = (*(f"lrtune, {sampler}" for sampler in samplers), "Optuna, TPE through RDB")
    click.echo(f"| ms a trial asked, on PostgreSQL, with so many there | {' | '.join(heads)} |")
    click.echo("| --- " * (len(heads) + 1) + "|")
    for n in (100, 1000, 10_000):
        cells = [asking.ours(databases.postgresql(), n, sampler) for sampler in samplers]
        bare = databases.postgresql(migrated=False).replace("postgresql:", "postgresql+psycopg:")
        cells.append(asking.optuna_rdb(bare, n))
        click.echo(f"| {n:,} | " + " | ".join(f"{1000 * cell:,.1f}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
