"""``lrtune login``, ``logout`` and ``whoami``."""

from __future__ import annotations

import os
import sys

import click

from lrtune.cli import tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, Surroundings, connected
from lrtune.cli.token import moment
from lrtune.client import ArgumentError, Client, ClientError, credentials
from lrtune.client.endpoint import Endpoint
from lrtune.wire import Me

URL = click.option("--url", help="The server; as for other commands by default.  [env: LRTUNE_URL]")


@click.command()
@URL
@click.pass_context
def login(context: click.Context, url: str | None) -> None:
    """Keep a token for a server, and use that server from now on.

    Asks for the token, or reads it from standard input where that is no terminal. It is checked first.
    """
    around = context.find_object(Surroundings) or Surroundings()
    address = Endpoint.of(url, "", os.environ).url
    if sys.stdin.isatty():
        secret = click.prompt(f"Token for {address}", hide_input=True, err=True)
    else:
        secret = sys.stdin.readline()
    if not secret.strip():
        raise ArgumentError("token", "is empty.", "Give the token that an admin gave you, on standard input.")
    with Client(address, secret, transport=around.transport, sleep=around.sleep) as client:
        me = client.me()
    if me.account is None:
        raise ClientError(f"{address} has no accounts.", "There is nothing to log in to: just use it.")
    kept = credentials.read(os.environ)
    kept.url = address
    kept.tokens[address] = secret.strip()
    file = credentials.write(os.environ, kept)
    click.echo(
        f"Logged in to {address} as {plain(me.account.name)} ({me.role}). The token is kept in {file}."
    )
    for name in ("LRTUNE_URL", "LRTUNE_TOKEN"):
        if os.environ.get(name):
            click.echo(f"{name} is set and wins over it.", err=True)


@click.command()
@URL
def logout(url: str | None) -> None:
    """Forget the token kept for a server. The token stays good: `lrtune token revoke` ends it."""
    address = Endpoint.of(url, "", os.environ).url
    kept = credentials.read(os.environ)
    if kept.tokens.pop(address, None) is None:
        click.echo(f"No token was kept for {address}.")
        return
    if kept.url == address:
        kept.url = None
    credentials.write(os.environ, kept)
    click.echo(f"Logged out of {address}.")


@click.command()
@connected
def whoami(session: Session) -> None:
    """Print who the server takes you for, and what your token may do."""
    me = session.client.me()
    if session.json:
        session.say(me)
    else:
        session.out.print(tables.facts(_facts(session.client.url, me)))


def _facts(url: str, me: Me) -> list[tuple[str, str]]:
    if me.account is None:
        return [
            ("server", url),
            ("account", "none: the server has no accounts, so everybody here is its admin"),
        ]
    rows = [
        ("server", url),
        ("account", f"{me.account.name}, a {me.account.kind}"),
        ("role", str(me.role)),
        ("scopes", ", ".join(me.scopes)),
    ]
    if me.token is not None:
        label = f" ({me.token.label})" if me.token.label else ""
        rows += [("token", f"{me.token.id}{label}"), ("expires", moment(me.token.expires_at))]
    return rows
