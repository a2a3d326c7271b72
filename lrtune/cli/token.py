"""``lrtune token``: create, list, revoke."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.lifetime import Lifetime
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import NewToken, Scope, Token, TokenRequest


@click.group()
def token() -> None:
    """Create, list and revoke the tokens of your account."""


@token.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is good for; repeatable. All that your role and your own token allow by default.",
)
@click.option(
    "--expires", type=Lifetime(), help="How long it lives: 12h, 90d, 8w. As long as yours by default."
)
@click.option("--label", help="What it is for, for your own eyes.")
@click.option("--account", help="Whose, for admins; your own by default.")
@connected
def create(
    session: Session,
    scopes: tuple[str, ...],
    expires: timedelta | None,
    label: str | None,
    account: str | None,
) -> None:
    """Create a token. Its secret is printed once, alone on standard output."""
    fields: dict[str, Any] = {"account": account, "label": label, "scopes": scopes or None}
    if expires is not None:
        fields["expires_at"] = session.now() + expires
    made = session.client.create_token(TokenRequest(**{k: v for k, v in fields.items() if v is not None}))
    if session.json:
        session.say(made)
    else:
        show_secret(session.err, made)


@token.command(name="list")
@click.option("--account", help="Whose, for admins; your own by default.")
@connected
def list_(session: Session, account: str | None) -> None:
    """List tokens, oldest first, without their secrets."""
    found = list(session.client.tokens(account))
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("There is no token.")
        return
    made = tables.table("token", "label", "scopes", "created", "last used", "expires", "state")
    for each in found:
        now = session.now()
        made.add_row(
            plain(each.id),
            plain(each.label),
            ", ".join(each.scopes),
            figures.ago(each.created_at, now),
            figures.ago(each.last_used_at, now) if each.last_used_at else "never",
            moment(each.expires_at),
            state(each, now),
        )
    session.out.print(made)


@token.command()
@click.argument("token_id", metavar="TOKEN")
@connected
def revoke(session: Session, token_id: str) -> None:
    """Make a token good for nothing, at once and for ever. TOKEN is its id in `lrtune token list`."""
    revoked = session.client.revoke_token(token_id)
    if session.json:
        session.say(revoked)
    else:
        session.out.print(f"Token {revoked.id} is revoked.")


def show_secret(err: Console, made: NewToken) -> None:
    """The secret on standard output, and what to know of it on standard error."""
    err.print(
        f"Token {made.id} of {made.account}: {', '.join(made.scopes)}; expires {moment(made.expires_at)}. "
        "It is shown this once:"
    )
    click.echo(made.secret)


def moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def state(each: Token, now: datetime) -> Text:
    if each.revoked_at is not None:
        return Text("revoked", style="red")
    if each.expires_at is not None and each.expires_at <= now:
        return Text("expired", style="red")
    return Text("good", style="green")
