"""``lrtune worker``; the lrtune command finds it by entry point."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import threading
from types import FrameType
from typing import Any

import click

from store import Database, schema_state
from store.errors import DatabaseUnavailable, SchemaError
from workers import settings
from workers.device import resolve
from workers.worker import Worker

SCHEMA_REMEDIES = {
    "empty": "Run `lrtune migrate` with the same --database-url, or start the server first.",
    "behind": "Run `lrtune migrate` with the same --database-url.",
    "ahead": "Upgrade lrtune here: the database belongs to a newer version.",
}


@click.command()
@click.option(
    "--database-url",
    metavar="URL",
    help="sqlite:///FILE or postgresql://…; this machine's embedded one by default.  "
    "[env: LRTUNE_DATABASE_URL]",
)
@click.option("--device", help="auto, cpu, cuda or cuda:N.  [env: LRTUNE_DEVICE]")
@click.option("--threads", type=int, help="CPU threads of a training.  [env: LRTUNE_THREADS]")
@click.option(
    "--lease-s",
    type=float,
    metavar="SECONDS",
    help="After so long without a word its unit goes to another.  [env: LRTUNE_LEASE_S]",
)
def worker(**flags: Any) -> None:
    """Work on the jobs of a database: claim units, train, write results.

    One process a GPU (or CPU slot), on any machine that reaches the database. Ctrl-C or SIGTERM hands the
    unit at hand back and ends.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        chosen = settings.load(os.environ, **flags)
        database = Database(chosen.database_url)
        state = schema_state(database)
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used. {error}") from None
    if state != "current":
        raise click.ClickException(f"The database's schema is {state}. {SCHEMA_REMEDIES[state]}")
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    host = socket.gethostname()
    identity = f"{host}-{os.getpid()}-{secrets.token_hex(3)}"
    chosen = resolve(chosen, shutil.which)
    click.echo(f"lrtune worker {identity} on {chosen.device}: waiting for work. Ctrl-C stops it.")
    try:
        Worker(chosen, database, identity=identity, host=host, environ=os.environ, stopping=stopping).run()
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.dispose()
