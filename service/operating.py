"""Draining, copying and pruning for ``lrtune admin``, and ``lrtune doctor``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from datetime import timedelta
from typing import Any

import click

from service import doctor as examination
from service import settings
from service.admin import admin, opened
from service.commands import DATABASE_URL, one_line_errors
from service.pruning import told
from store import drains
from store.copying import copy_to as copy_store
from store.drains import Drain
from store.retention import prune as prune_store

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
LOOK_EVERY_S = 1.0


@admin.command()
@click.option("--undo", is_flag=True, help="Let workers claim again.")
@click.option("--wait", "waits", is_flag=True, help="Return once no worker holds a unit any more.")
@click.pass_obj
def drain(url: str | None, undo: bool, waits: bool) -> None:
    """Let workers finish what they hold and claim nothing more, as before an upgrade or a copy.

    Jobs can still be submitted; they wait. A drain outlives restarts of server and workers, until --undo.
    """
    with opened(url) as database:
        if undo:
            with database.write() as tx:
                ended = drains.end(tx)
            click.echo("Workers claim again." if ended else "There was no drain.")
            return
        with database.write() as tx:
            drains.begin(tx)
            found = drains.status(tx)
        click.echo(standing(found))
        while waits and not found.empty and found.since is not None:
            time.sleep(LOOK_EVERY_S)
            with database.read() as tx:
                before, found = found, drains.status(tx)
            if found != before:
                click.echo(standing(found))


def standing(found: Drain) -> str:
    """How a drain stands, in a sentence."""
    if found.since is None:
        return "The drain was undone."
    if found.empty:
        return "Empty: nothing is claimed any more, and no worker holds a unit. Undo it with --undo."
    return f"Draining: nothing is claimed any more; {found.leased} units are still worked on."


@admin.command("copy-to")
@click.argument("target", metavar="URL")
@click.pass_obj
def copy_to(url: str | None, target: str) -> None:
    """Copy the whole history into another, empty database, such as an embedded SQLite's into PostgreSQL.

    All or nothing, counted again at the end; the source stays as it is. Stop its server and workers first.
    """
    with opened(url) as database:
        copied = copy_store(database, target)
        for table, rows in copied.items():
            click.echo(f"{rows:>10,}  {table}")
        click.echo(f"Copied and counted {sum(copied.values()):,} rows. Start the server with the new URL.")


@admin.command()
@click.option("--days", type=click.FloatRange(min=0), required=True, help="Age of a job after its end.")
@click.pass_obj
def prune(url: str | None, days: float) -> None:
    """Drop the bulk of jobs that ended long ago: search curves, raw sweeps, events of progress.

    Jobs, range tests, trials with their values, and answers with their evidence stay.
    """
    with opened(url) as database:
        click.echo(told(prune_store(database, older_than=timedelta(days=days))))


@click.command()
@DATABASE_URL
@click.option("--json", "as_json", is_flag=True, help="Print a list of findings as JSON.")
def doctor(as_json: bool, **flags: Any) -> None:
    """Look over database, migrations, clock, disk, workers, GPUs and queue.

    Each line says ok, warn or FAIL, and what to do. Exit status 1 if anything fails.
    """
    with one_line_errors():
        found = list(examination.examine(settings.load(os.environ, **flags), gpus=gpus))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in found], indent=2))
    else:
        for finding in found:
            click.echo(f"{MARKS[finding.grade]}  {finding.check:<11} {finding.detail}")
            if finding.remedy:
                click.echo(f"{'':18}{finding.remedy}")
    if any(finding.grade == "fail" for finding in found):
        raise click.exceptions.Exit(1)


def gpus() -> int:
    """How many GPUs NVIDIA's driver lists on this machine."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
