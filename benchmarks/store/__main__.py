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

from benchmarks.store import claims, writing
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
def main(seconds: float) -> None:
    """Claims a second by 64 claimers, and trials written a second by 16 workers."""
    with postgresql.serving(os.environ) as server, tempfile.TemporaryDirectory() as folder:
        databases = Databases(server, Path(folder))
        click.echo(f"{os.cpu_count()} CPUs, Python {platform.python_version()}, ", nl=False)
        click.echo(f"SQLAlchemy {version('sqlalchemy')}, Optuna {version('optuna')}, {seconds:g} s each\n")
        claim_table(databases, seconds)
        write_table(databases, seconds)


def claim_table(databases: Databases, seconds: float) -> None:
    click.echo("| 64 claimers | claims/s | of pgbench | claimed twice |\n| --- | --- | --- | --- |")
    enough = round(2500 * seconds)
    bare = claims.pgbench(databases.postgresql(migrated=False), seconds=seconds, available=4 * enough)
    click.echo(f"| pgbench, bare statement | {bare:,.0f} | 100 % | |")
    for name, url in (("PostgreSQL", databases.postgresql()), ("SQLite", databases.sqlite())):
        rate, twice = claims.ours(url, seconds=seconds, available=enough)
        click.echo(f"| lrtune on {name} | {rate:,.0f} | {rate / bare:.0%} | {twice} |")
    click.echo("")


def write_table(databases: Databases, seconds: float) -> None:
    click.echo("| 16 workers, 20 reports a trial | SQLite, trials/s | PostgreSQL, trials/s |")
    click.echo("| --- | --- | --- |")
    enough = round(400 * seconds)
    for lanes in (writing.LANES, 1):
        rates = [
            writing.ours(url, lanes=lanes, seconds=seconds, available=enough)
            for url in (databases.sqlite(), databases.postgresql())
        ]
        click.echo(f"| lrtune, {lanes} trials a unit | {rates[0]:,.1f} | {rates[1]:,.1f} |")
    optuna_rates = [
        writing.optuna_storage(url, seconds=seconds)
        for url in (
            databases.sqlite(migrated=False),
            databases.postgresql(migrated=False).replace("postgresql:", "postgresql+psycopg:"),
        )
    ]
    click.echo(f"| Optuna, RDB storage | {optuna_rates[0]:,.1f} | {optuna_rates[1]:,.1f} |")
    journal = writing.optuna_storage(databases.journal(), seconds=seconds)
    click.echo(f"| Optuna, journal file | {journal:,.1f} (a file) | |")


if __name__ == "__main__":
    main()
