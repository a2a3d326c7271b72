"""The audit log: who did what, when, and from where. It is only ever added to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from lrtune.wire import AuditEntry, Page
from store import cursors, tables
from store.columns import clean
from store.database import Tx

_AUDIT = tables.audit.c


def add(
    tx: Tx, *, account: str | None, token: str | None, action: str, target: str, status: int, origin: str
) -> None:
    """Note that somebody did something.

    Args:
        account: Who; None for the local administrator.
        token: Id of the token he showed, None without.
        action: Method and path of the route, or the command.
        target: What it was done to: a path, or a name.
        status: HTTP status of the answer; 200 for a command.
        origin: Address it came from.
    """
    values = {"account": account, "token": token, "action": action, "status": status}
    tx.conn.execute(
        sa.insert(tables.audit).values(at=tx.now(), target=clean(target), origin=clean(origin), **values)
    )


def page(tx: Tx, *, account: str | None, cursor: str | None, limit: int) -> Page[AuditEntry]:
    """Entries, newest first; of one account.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = sa.select(tables.audit)
    if account is not None:
        query = query.where(_AUDIT.account == account)
    if cursor is not None:
        [entry] = cursors.decode("audit", cursor, (int,))
        query = query.where(_AUDIT.id < entry)
    rows = tx.conn.execute(query.order_by(_AUDIT.id.desc()).limit(limit + 1)).all()
    return cursors.page(rows, limit, _entry, lambda row: cursors.encode("audit", [row.id]))


def _entry(row: sa.Row[*tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry.model_validate(dict(row._mapping))
