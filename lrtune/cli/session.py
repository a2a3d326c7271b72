"""What commands that speak to a server share: ``--url``, ``--token``, ``--json``, and where they print."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import IO, Any, TypeVar

import click
import httpx
from pydantic import BaseModel
from rich.console import Console

from lrtune.client import ArgumentError, Client
from lrtune.client.connection import utc_now

PIPE_WIDTH = 160
"""Columns of a table that no terminal bounds: wide enough that nothing is cut off."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Surroundings:
    """What tests put in place of the network and the clock; click hands it down as ``obj``."""

    transport: httpx.BaseTransport | None = None
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Session:
    """One command's run: its server, and its output."""

    client: Client
    json: bool
    out: Console
    err: Console
    now: Callable[[], datetime]

    def say(self, value: BaseModel | list[Any] | dict[str, Any]) -> None:
        """Print JSON, alone, on standard output."""
        click.echo(json.dumps(jsonable(value), indent=2, ensure_ascii=False))

    def job_id(self, text: str) -> str:
        """The id that a JOB argument means: itself, or the newest job's for ``last``."""
        if text != "last":
            return text
        newest = next(self.client.jobs(), None)
        if newest is None:
            raise ArgumentError("JOB", "there is no job yet.", "Submit one: lrtune submit digits-mlp")
        return newest.id


def jsonable(value: Any) -> Any:
    """Wire models within lists and dicts as plain JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list):
        return [jsonable(each) for each in value]
    if isinstance(value, dict):
        return {name: jsonable(each) for name, each in value.items()}
    return value


def console(file: IO[str]) -> Console:
    """A console on ``file``; as wide as its terminal, or wide enough for any table."""
    width = None if file.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def connected(command: F) -> F:
    """Give a command ``--url``, ``--token`` and ``--json``, and hand it a ``Session`` first."""

    @click.option("--url", help="The server; http://127.0.0.1:8765 by default.  [env: LRTUNE_URL]")
    @click.option(
        "--token", help="Bearer token; prefer the variable, others can read flags.  [env: LRTUNE_TOKEN]"
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, for scripts.")
    @click.pass_context
    @wraps(command)
    def wrapped(
        context: click.Context, /, *args: Any, url: str | None, token: str | None, as_json: bool, **flags: Any
    ) -> Any:
        around = context.find_object(Surroundings) or Surroundings()
        with Client(url, token, transport=around.transport, sleep=around.sleep) as client:
            session = Session(
                client, as_json, out=console(sys.stdout), err=console(sys.stderr), now=around.now
            )
            return command(session, *args, **flags)

    return wrapped  # type: ignore[return-value]
