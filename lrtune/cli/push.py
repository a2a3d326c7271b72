"""``lrtune push``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.client import ArgumentError


@click.command()
@click.argument("script", metavar="FILE[:ENTRY]")
@click.option("--name", metavar="NAME", help="Of the task; the file's name by default.")
@click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A requirements file: packages the task needs beside the trainer's.",
)
@click.option(
    "--include",
    multiple=True,
    metavar="PATH",
    help="A file or folder beside FILE that comes along; repeatable.",
)
@connected
def push(
    session: Session, *, script: str, name: str | None, requirements: Path | None, include: tuple[str, ...]
) -> None:
    """Push a training to the server, so that jobs can name it.

    FILE is a Python file with a function that returns a lrtune.Task. Modules beside it that it imports come
    along; data and other files with --include. The server checks it all and runs none of it. The same
    content is pushed once: it gives the version that there is.
    """
    text = "" if requirements is None else read_requirements(requirements)
    with _bar(session) as progress:
        task = session.client.push_task(
            script, name=name, requirements=text, include=include, progress=progress
        )
    if session.json:
        session.say(task)
        return
    session.out.print(f"{plain(task.name)}@{task.version}  digest {task.digest[:12]}  {task.size:,} bytes")
    session.out.print(f"Submit it: lrtune submit {plain(task.name)}@{task.version}")


def read_requirements(path: Path) -> str:
    """The text of a requirements file.

    Raises:
        ArgumentError: It cannot be read.
    """
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(
            "--requirements", f"{path} cannot be read ({error}).", "Give a text file."
        ) from None


@contextmanager
def _bar(session: Session) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error while the bundle is sent, where somebody looks."""
    if session.json or not session.err.is_terminal:
        yield None
        return
    columns = TextColumn("Pushing"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=session.err, transient=True) as bar:
        line = bar.add_task("push", total=None)
        yield lambda sent, size: bar.update(line, completed=sent, total=size)
