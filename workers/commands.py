"""``lrtune worker``; the lrtune command finds it by entry point."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click

from lrtune import logs, tracing
from store import Database, schema_state
from store.errors import DatabaseUnavailable, SchemaError
from workers import secrecy, settings
from workers.device import resolve
from workers.sandbox.probe import probe
from workers.sandbox.sandbox import Sandbox
from workers.worker import Worker

log = logging.getLogger("lrtune.worker")

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
@click.option(
    "--isolation-min",
    metavar="LEVEL",
    help="Refuse to start below: process, user, landlock, bubblewrap.  [env: LRTUNE_ISOLATION_MIN]",
)
def worker(**flags: Any) -> None:
    """Work on the jobs of a database: claim units, train, write results.

    One process a GPU (or CPU slot), on any machine that reaches the database. Ctrl-C or SIGTERM hands the
    unit at hand back and ends; SIGUSR1 ends after it.
    """
    secrecy.withdraw()
    secrecy.hide_url(sys.orig_argv, os.environ)
    try:
        chosen = settings.load(os.environ, **flags)
        logs.configure(chosen.log_format)
        tracing.configure(os.environ, "lrtune-worker")
        database = Database(chosen.database_url)
        state = schema_state(database)
    except (settings.SettingsError, tracing.TracingError) as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used. {error}") from None
    if state != "current":
        raise click.ClickException(f"The database's schema is {state}. {SCHEMA_REMEDIES[state]}")
    chosen = resolve(chosen, shutil.which)
    sandbox = sandboxed(chosen, database)
    stopping, leaving = threading.Event(), threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        (leaving if number == signal.SIGUSR1 else stopping).set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, stop)
    host = socket.gethostname()
    identity = f"{host}-{os.getpid()}-{secrets.token_hex(3)}"
    click.echo(
        f"lrtune worker {identity} on {chosen.device}, isolation {sandbox.level}: waiting for work. "
        "Ctrl-C stops it."
    )
    try:
        Worker(
            chosen,
            database,
            sandbox=sandbox,
            identity=identity,
            host=host,
            environ=os.environ,
            stopping=stopping,
            leaving=leaving,
        ).run()
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.dispose()


def sandboxed(chosen: settings.Settings, database: Database) -> Sandbox:
    """The strongest sandbox of this machine.

    Raises:
        ClickException: It is weaker than the operator demands.
    """
    home = Path(os.environ.get("LRTUNE_HOME") or "~/.lrtune").expanduser().absolute()
    path = database.address.path
    private = [home] if path is None else [home, path]
    sandbox = probe(environ=os.environ, private=private, gpu=chosen.device != "cpu")
    for reason in sandbox.missing:
        log.info("isolation %s: %s", sandbox.level, reason)
    if sandbox.level.rank < chosen.isolation_min.rank:
        raise click.ClickException(
            f"LRTUNE_ISOLATION_MIN demands {chosen.isolation_min}, and this worker reaches {sandbox.level}: "
            f"{'; '.join(sandbox.missing)}. docs/security.md says what each level needs."
        )
    return sandbox
