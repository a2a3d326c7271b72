"""``lrtune tasks``."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from lrtune.cli import tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected


@click.command()
@connected
def tasks(session: Session) -> None:
    """List the tasks that jobs can name, with their parameters."""
    found = list(session.client.tasks())
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("The server knows no task yet.")
    for task in found:
        session.out.print(Text(f"{plain(task.name)}@{task.version}", style="bold"))
        session.out.print(tables.indented(Text(plain(task.description))))
        session.out.print(tables.indented(Text(_params(task.params_schema), style="dim")))


def _params(schema: dict[str, Any]) -> str:
    """``width=128, dropout=0.1``: parameters with their defaults; ``=…`` where one must be given."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return "no parameters"
    told = [
        f"{name}={rule['default'] if isinstance(rule, dict) and 'default' in rule else '…'}"
        for name, rule in properties.items()
    ]
    return plain("parameters: " + ", ".join(told))
