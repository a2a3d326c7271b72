"""Accounts: the people and machines of the team. Disabled, never deleted: what they did has an author."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from lrtune.wire import Account, AccountChange, AccountKind, Page, Role
from store import cursors, tables
from store.database import Tx
from store.errors import AccountExists, LastAdmin, NotFound

LIMITS = {"running_units", "queued_jobs", "minutes_a_day"}
"""Fields of a quota."""

_ACCOUNTS = tables.accounts.c


def exist(tx: Tx) -> bool:
    """Whether there is any account, disabled ones included; once there is, there always will be."""
    return tx.conn.execute(sa.select(_ACCOUNTS.name).limit(1)).first() is not None


def create(
    tx: Tx, name: str, *, kind: AccountKind, role: Role, quota: Mapping[str, int | None] | None = None
) -> Account:
    """Add an account.

    Args:
        quota: The limits it begins with, by their names in ``LIMITS``; an admin's has none.

    Raises:
        AccountExists: The name is taken, perhaps by a disabled account.
        LastAdmin: It would be the first account, and no admin: nobody could make others.
    """
    tx.exclude("accounts")
    if role is not Role.ADMIN and not exist(tx):
        raise LastAdmin("The first account must be an admin's.", "Create it with the role admin.")
    if tx.conn.execute(sa.select(_ACCOUNTS.name).where(_ACCOUNTS.name == name)).first() is not None:
        raise AccountExists(f"There is an account {name!r} already.", "Choose another name.")
    limits = {} if quota is None or role is Role.ADMIN else quota
    account = Account(name=name, kind=kind, role=role, created_at=tx.now(), **limits)
    tx.conn.execute(sa.insert(tables.accounts), account.model_dump())
    return account


def get(tx: Tx, name: str) -> Account:
    """An account.

    Raises:
        NotFound: There is no such account.
    """
    found = tx.conn.execute(sa.select(tables.accounts).where(_ACCOUNTS.name == name)).one_or_none()
    if found is None:
        raise NotFound(f"There is no account {name!r}.", "List accounts with GET /v1/accounts.")
    return _account(found)


def page(tx: Tx, *, cursor: str | None, limit: int) -> Page[Account]:
    """Accounts by name.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = sa.select(tables.accounts)
    if cursor is not None:
        [name] = cursors.decode("accounts", cursor, (str,))
        query = query.where(_ACCOUNTS.name > name)
    rows = tx.conn.execute(query.order_by(_ACCOUNTS.name).limit(limit + 1)).all()
    return cursors.page(rows, limit, _account, lambda row: cursors.encode("accounts", [row.name]))


def change(tx: Tx, name: str, change: AccountChange) -> Account:
    """Give an account another role or other limits, or disable or enable it.

    A disabled account's tokens are good for nothing until it is enabled again.

    Raises:
        NotFound: There is no such account.
        LastAdmin: It is the only enabled admin, and would no longer be one.
    """
    tx.exclude("accounts")
    before = get(tx, name)
    after = before.model_copy(update=change.model_dump(include=LIMITS, exclude_unset=True))
    if change.role is not None:
        after = after.model_copy(update={"role": change.role})
    if change.disabled is not None:
        disabled_at = (before.disabled_at or tx.now()) if change.disabled else None
        after = after.model_copy(update={"disabled_at": disabled_at})
    if _administers(before) and not _administers(after) and _admins(tx) == 1:
        raise LastAdmin(f"{name} is the only admin left.", "Make another account an admin first.")
    tx.conn.execute(
        sa.update(tables.accounts)
        .where(_ACCOUNTS.name == name)
        .values(after.model_dump(include={"role", "disabled_at", *LIMITS}))
    )
    return after


def _administers(account: Account) -> bool:
    return account.role is Role.ADMIN and account.disabled_at is None


def _admins(tx: Tx) -> int:
    enabled = sa.and_(_ACCOUNTS.role == Role.ADMIN, _ACCOUNTS.disabled_at.is_(None))
    count = sa.select(sa.func.count()).select_from(tables.accounts).where(enabled)
    return int(tx.conn.execute(count).scalar_one())


def _account(row: sa.Row[*tuple[Any, ...]]) -> Account:
    return Account.model_validate(dict(row._mapping))
