"""``lrtune admin``: accounts, by whoever may write the server's database; no server need run."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from pydantic import BaseModel, ValidationError

from lrtune.cli import figures, tables
from lrtune.cli.lifetime import Lifetime
from lrtune.cli.plain import plain
from lrtune.cli.session import console, jsonable
from lrtune.cli.token import show_secret
from lrtune.client.connection import utc_now
from lrtune.wire import Account, AccountChange, AccountKind, AccountRequest, Role, Scope
from service import settings
from service.commands import DATABASE_URL, one_line_errors
from service.issuing import issue
from service.problems import ProblemError
from store import Database, Tx, accounts, audit
from store import migrate as migrate_store
from store.errors import DatabaseUnavailable, StoreError

PAGE = 200

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, for scripts.")
ROLE = click.Choice([role.value for role in Role])


@click.group()
@DATABASE_URL
@click.pass_context
def admin(context: click.Context, database_url: str | None) -> None:
    """Accounts, drains, copies, pruning. Works on the server's database, and needs no server."""
    context.obj = database_url


@admin.command()
@click.argument("name")
@click.option("--role", type=ROLE, default=Role.MEMBER.value, help="What it may do; member by default.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in AccountKind]),
    default=AccountKind.PERSON.value,
    help="Who is behind it; person by default.",
)
@JSON
@click.pass_obj
def create_user(url: str | None, name: str, role: str, kind: str, as_json: bool) -> None:
    """Create an account with a token, whose secret is printed once. The first account must be an admin."""
    try:
        request = AccountRequest(name=name, role=Role(role), kind=AccountKind(kind))
    except ValidationError:
        raise click.BadParameter(
            f"{name!r} is no name: lower-case letters, digits and any of . _ @ - after the first.",
            param_hint="NAME",
        ) from None
    with writing(url) as tx:
        account = accounts.create(
            tx, request.name, kind=request.kind, role=request.role, quota=settings.load(os.environ).quota
        )
        token = issue(tx, account, label="first")
        note(tx, "create-user", account.name)
    if as_json:
        say({"account": account, "token": token})
    else:
        click.echo(f"The role of {account.name} is {account.role}.", err=True)
        show_secret(console(sys.stderr), token)


@admin.command()
@JSON
@click.pass_obj
def users(url: str | None, as_json: bool) -> None:
    """List accounts."""
    with opened(url) as database, database.read() as tx:
        found = list(everyone(tx))
    if as_json:
        say(found)
        return
    if not found:
        click.echo("There is no account. Create one: lrtune admin create-user NAME --role admin")
        return
    made = tables.table("account", "kind", "role", "created", "state", "quota")
    for each in found:
        state = "disabled" if each.disabled_at else "enabled"
        made.add_row(
            each.name, each.kind, each.role, figures.ago(each.created_at, utc_now()), state, quota(each)
        )
    console(sys.stdout).print(made)


@admin.command()
@click.argument("name")
@click.argument("role", type=ROLE)
@JSON
@click.pass_obj
def set_role(url: str | None, name: str, role: str, as_json: bool) -> None:
    """Give an account another role; its tokens may do no more than that at once."""
    change(url, as_json, "set-role", name, AccountChange(role=Role(role)), f"has the role {role}")


@admin.command()
@click.argument("name")
@JSON
@click.pass_obj
def disable(url: str | None, name: str, as_json: bool) -> None:
    """Disable an account: its tokens and sessions are good for nothing until it is enabled."""
    change(url, as_json, "disable", name, AccountChange(disabled=True), "is disabled")


@admin.command()
@click.argument("name")
@JSON
@click.pass_obj
def enable(url: str | None, name: str, as_json: bool) -> None:
    """Enable an account again, and with it those of its tokens that are not revoked."""
    change(url, as_json, "enable", name, AccountChange(disabled=False), "is enabled")


@admin.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is good for; repeatable. All that the role allows by default.",
)
@click.option("--expires", type=Lifetime(), help="How long it lives: 12h, 90d, 8w. For ever by default.")
@click.option("--label", default="", help="What it is for.")
@JSON
@click.pass_obj
def create_token(
    url: str | None, name: str, scopes: tuple[str, ...], expires: timedelta | None, label: str, as_json: bool
) -> None:
    """Create a token for somebody who has lost his, or for a machine. Its secret is printed once."""
    with writing(url) as tx:
        made = issue(
            tx,
            accounts.get(tx, name),
            scopes=[Scope(scope) for scope in scopes] or None,
            label=label,
            expires_at=tx.now() + expires if expires else None,
        )
        note(tx, "create-token", name)
    if as_json:
        say(made)
    else:
        show_secret(console(sys.stderr), made)


@admin.command()
@click.argument("name")
@click.option(
    "--running-units", metavar="N", help="Units that workers hold at a time, or `none` for no limit."
)
@click.option("--queued-jobs", metavar="N", help="Jobs that wait, or `none`.")
@click.option("--minutes-a-day", metavar="N", help="Minutes of workers' time since midnight UTC, or `none`.")
@JSON
@click.pass_obj
def set_quota(url: str | None, /, name: str, as_json: bool, **limits: str | None) -> None:
    """Limit what an account may have running, waiting, and computed in a day; other limits stay."""
    given = {limit: None if text == "none" else text for limit, text in limits.items() if text is not None}
    if not given:
        raise click.UsageError("Give a limit: --running-units, --queued-jobs or --minutes-a-day.")
    try:
        asked = AccountChange.model_validate(given)
    except ValidationError as error:
        wrong = str(error.errors()[0]["loc"][0])
        raise click.BadParameter(
            "Give a whole number from 0 to 1,000,000, or `none`.", param_hint=f"--{wrong.replace('_', '-')}"
        ) from None
    told = ", ".join(
        f"{limit} {value if value is not None else 'without limit'}" for limit, value in given.items()
    )
    change(url, as_json, "set-quota", name, asked, f"has {told}")


@admin.command(name="audit")
@click.option("--account", help="What this account did.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, help="How many; 50 by default.")
@JSON
@click.pass_obj
def show_audit(url: str | None, account: str | None, limit: int, as_json: bool) -> None:
    """Print who did what, when, and from where, newest first."""
    with opened(url) as database, database.read() as tx:
        found = audit.page(tx, account=account, cursor=None, limit=limit).items
    if as_json:
        say(found)
        return
    made = tables.table("when", "account", "what", "to", "status", "from", wrap=["what", "to"])
    for each in found:
        at = f"{each.at:%Y-%m-%d %H:%M:%S}"
        made.add_row(
            *map(
                plain, (at, each.account or "local", each.action, each.target, str(each.status), each.origin)
            )
        )
    console(sys.stdout).print(made)


def change(url: str | None, as_json: bool, command: str, name: str, asked: AccountChange, told: str) -> None:
    with writing(url) as tx:
        account = accounts.change(tx, name, asked)
        note(tx, command, name)
    if as_json:
        say(account)
    else:
        click.echo(f"{account.name} {told}.")


def quota(account: Account) -> str:
    """The limits of an account in words; empty without any."""
    limits = {
        "units at a time": account.running_units,
        "queued jobs": account.queued_jobs,
        "minutes a day": account.minutes_a_day,
    }
    return ", ".join(f"{limit} {words}" for words, limit in limits.items() if limit is not None)


def note(tx: Tx, command: str, target: str) -> None:
    """Put a command into the audit log, with the name that it has on this machine."""
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    audit.add(
        tx, account=None, token=None, action=f"lrtune admin {command}", target=target, status=200, origin=who
    )


@contextmanager
def opened(url: str | None) -> Iterator[Database]:
    """The database that the settings name, with its schema up to date; errors end as one line."""
    with one_line_errors():
        chosen = settings.load(os.environ, database_url=url)
        chosen.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        migrate_store(chosen.database_url)
        database = Database(chosen.database_url)
        try:
            yield database
        except DatabaseUnavailable:
            raise
        except (StoreError, ProblemError) as error:
            raise click.ClickException(f"{error.detail} {error.remedy or ''}".strip()) from None
        finally:
            database.dispose()


@contextmanager
def writing(url: str | None) -> Iterator[Tx]:
    """A writing transaction on that database."""
    with opened(url) as database, database.write() as tx:
        yield tx


def everyone(tx: Tx) -> Iterator[Account]:
    cursor: str | None = None
    while True:
        page = accounts.page(tx, cursor=cursor, limit=PAGE)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def say(value: BaseModel | list[Any] | dict[str, Any]) -> None:
    click.echo(json.dumps(jsonable(value), indent=2, ensure_ascii=False))
