"""``lrtune workers``."""

from __future__ import annotations

import click
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command()
@connected
def workers(session: Session) -> None:
    """List worker processes, and what each is doing."""
    found = session.client.workers()
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("No worker has been heard of. Start one: lrtune worker")
        return
    made = tables.table(
        "worker",
        "host",
        "pid",
        "device",
        "isolation",
        "version",
        "state",
        "job",
        "seen",
        right=["pid"],
        wrap=["worker", "host", "device", "version", "seen"],
    )
    for worker in found:
        doing = "gone" if not worker.alive else "working" if worker.job else "idle"
        made.add_row(
            plain(worker.id),
            plain(worker.host),
            str(worker.pid),
            plain(worker.device),
            worker.isolation or "",
            plain(worker.version),
            Text(doing, style={"gone": "red", "working": "cyan", "idle": "dim"}[doing]),
            plain(worker.job or ""),
            Text(figures.ago(worker.seen_at, session.now()), style="dim"),
        )
    session.out.print(made)
