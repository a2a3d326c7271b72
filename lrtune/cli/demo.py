"""``lrtune demo``: everything once, end to end, on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click
from rich.rule import Rule
from rich.text import Text

from lrtune.cli.answer_view import answer_view
from lrtune.cli.code import coloured
from lrtune.cli.exits import INSTALL
from lrtune.cli.plain import plain
from lrtune.cli.range_test_view import range_test_view
from lrtune.cli.session import Session, console
from lrtune.cli.watch import wait
from lrtune.client import Client, Result
from lrtune.client.connection import utc_now

LISTENING = "lrtune is listening on "
STOP_S = 60.0
"""Seconds that the server gets to end well."""


@click.command()
@click.option("--task", default="digits-mlp", show_default=True, metavar="TASK", help="Which example.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Folder of the pictures and the answer.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the search.")
@click.option("--epochs", type=int, default=20, show_default=True, help="Epochs of a full training.")
@click.option("--trials", type=int, default=40, show_default=True, help="Trials of the search.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Local workers.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data directory to keep; by default a temporary one, removed at the end.",
)
@click.option("--keep", is_flag=True, help="Go on serving after the answer, until Ctrl-C.")
def demo(
    *, task: str, out: Path, seed: int, epochs: int, trials: int, workers: int, home: Path | None, keep: bool
) -> None:
    """Start a server with a worker, post an example, and print what it measured.

    Real training on real data, over the same HTTP that a team uses. Writes range-test.png, schedules.png
    and answer.json. Ctrl-C stops everything.
    """
    if find_spec("service") is None:
        raise click.ClickException(f"The demo needs a server, which is not installed. {INSTALL}")
    out = _folder(out)
    with (
        interruptible(),
        tempfile.TemporaryDirectory(prefix="lrtune-demo-")
        if home is None
        else nullcontext(str(home)) as data,
        serving(Path(data), workers) as url,
        Client(url) as client,
    ):
        session = Session(client, json=False, out=console(sys.stdout), err=console(sys.stderr), now=utc_now)
        session.out.print(f"The server listens on {url}\n")
        handle = client.submit(task, epochs=epochs, search={"trials": trials, "seed": seed})
        result = wait(session, handle.job, session.out)
        _tell(session, result)
        _write(session, result, out)
        _urls(session, result, url)
        if keep:
            session.out.print("\nServing until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                signal.pause()


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"--out: {out} cannot be made ({error.strerror}). Name another.") from None
    return out


def _tell(session: Session, result: Result) -> None:
    session.out.print()
    session.out.print(Rule("range test", align="left", style="dim"))
    session.out.print(range_test_view(result.range_test))
    session.out.print(Rule("answer", align="left", style="dim"))
    session.out.print(answer_view(result.answer))
    session.out.print(Rule("PyTorch", align="left", style="dim"))
    session.out.print(coloured(result.code("pytorch")), soft_wrap=True)


def _write(session: Session, result: Result, out: Path) -> None:
    session.out.print(Rule("files", align="left", style="dim"))
    pictures = {"range-test.png": result.picture("range_test"), "schedules.png": result.picture("schedules")}
    try:
        for name, picture in pictures.items():
            session.out.print(Text(plain(str(picture.save(out / name)))), soft_wrap=True)
        (out / "answer.json").write_text(result.answer.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise click.ClickException(f"--out: {out} cannot be written ({error.strerror}).") from None
    session.out.print(Text(plain(str(out / "answer.json"))), soft_wrap=True)


def _urls(session: Session, result: Result, url: str) -> None:
    session.out.print(Rule("URLs (lrtune demo --keep leaves them open)", align="left", style="dim"))
    job = f"{url}/v1/jobs/{result.job.id}"
    rests = ("", "/events", "/range-test", "/range-test.png", "/trials", "/answer", "/schedules.png", "/code")
    for each in (f"POST {url}/v1/jobs", *(f"GET  {job}{rest}" for rest in rests)):
        session.out.print(Text(each), soft_wrap=True)
    session.out.print(Text(f"GET  {url}/v1/best?task={result.answer.provenance.task}"), soft_wrap=True)


@contextmanager
def serving(home: Path, workers: int) -> Iterator[str]:
    """A server of its own process on a free loopback port, with its workers; its URL. Stopped at the end.

    Raises:
        click.ClickException: It did not start; its own words say why.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRTUNE_")}
    command = [sys.executable, "-m", "lrtune.cli", "serve", "--port", "0"]
    log = home / "server.log"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("w+b") as errors:
        process = subprocess.Popen(
            # The tether ends the server should this process be killed without a chance to end it.
            [sys.executable, "-m", "lrtune.tether", str(os.getpid()), *command, "--workers", str(workers)],
            env={**kept, "LRTUNE_HOME": str(home), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # a Ctrl-C in the terminal is the demo's; it tells the server
        )
        try:
            yield _url(process, log)
        finally:
            stop(process)


def _url(process: subprocess.Popen[str], log: Path) -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if line.startswith(LISTENING):
        return line.removeprefix(LISTENING).strip()
    process.wait(STOP_S)
    said = plain(log.read_text(errors="replace").strip()).splitlines()
    raise click.ClickException(f"The server did not start. {said[-1] if said else ''}".rstrip())


def stop(process: subprocess.Popen[str]) -> None:
    """Have a server drain and end; kill it if it does not, or if Ctrl-C comes again."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        click.echo(f"The server did not end within {STOP_S:.0f} s and is killed.", err=True)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGTERM and a closed terminal end the demo as Ctrl-C does, so that its server ends with it."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
