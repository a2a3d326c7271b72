"""The example tasks, registered when the server starts."""

from __future__ import annotations

from pathlib import Path

import examples
from examples import EXAMPLES, Example
from lrtune.bundle import entry
from store import Database, tasks


def register(database: Database) -> None:
    """Register every example. Content-addressed, so doing it again changes nothing."""
    for example in EXAMPLES.values():
        source = files(example)
        schema = entry.read(source, example.entry).params_schema
        with database.write() as tx:
            tasks.register(
                tx,
                name=example.name,
                entry=example.entry,
                description=example.description,
                params_schema=schema,
                files=source,
            )


def files(example: Example) -> dict[str, bytes]:
    """The files of an example by name."""
    path = Path(examples.__file__).with_name(example.file)
    return {example.file: path.read_bytes()}
