"""Tokens: what an account shows instead of a password. The database has their hashes alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from lrtune.wire import Page, Role, Scope, Token
from store import accounts, cursors, tables
from store.columns import UtcDateTime
from store.database import CLOCK, Tx
from store.errors import NotFound

USED_EVERY = timedelta(minutes=1)
"""``last_used_at`` moves at most this often, so that a busy token costs no write a request."""

_TOKENS = tables.tokens.c


@dataclass(frozen=True)
class Bearer:
    """A token that came with a request, and its account, as they are now.

    Attributes:
        token: Id of the token.
        account: Name of its account.
        role: The account's role.
        scopes: The token's scopes, whatever the role.
        revoked, expired, disabled: Why it is good for nothing; all false if it is good.
        used: Whether ``last_used_at`` is of late.
    """

    token: str
    account: str
    role: Role
    scopes: frozenset[Scope]
    revoked: bool
    expired: bool
    disabled: bool
    used: bool


def digest(secret: str) -> str:
    """What the database keeps of a secret: its SHA-256. Secrets have 160 random bits, and need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    tx: Tx,
    account: str,
    *,
    token_id: str,
    secret: str,
    scopes: Iterable[Scope],
    label: str = "",
    expires_at: datetime | None = None,
) -> Token:
    """Give an account a token.

    Raises:
        NotFound: There is no such account.
    """
    accounts.get(tx, account)
    token = Token(
        id=token_id,
        account=account,
        label=label,
        scopes=sorted(set(scopes), key=list(Scope).index),
        created_at=tx.now(),
        expires_at=expires_at,
    )
    values = token.model_dump() | {"scopes": list(token.scopes), "hash": digest(secret)}
    tx.conn.execute(sa.insert(tables.tokens), values)
    return token


def find(tx: Tx, secret: str) -> Bearer | None:
    """The token with this secret, None if there is none.

    Looked up by hash, so the time it takes tells nothing of the secret.
    """
    return _bearer(tx, _TOKENS.hash, digest(secret))


def recall(tx: Tx, token_id: str) -> Bearer | None:
    """The token with this id, which came in a session that this server has signed; None if there is none."""
    return _bearer(tx, _TOKENS.id, token_id)


def use(tx: Tx, token_id: str) -> None:
    """Note that a token was used now."""
    tx.conn.execute(sa.update(tables.tokens).where(_TOKENS.id == token_id).values(last_used_at=tx.now()))


def get(tx: Tx, token_id: str) -> Token:
    """A token.

    Raises:
        NotFound: There is no such token.
    """
    found = tx.conn.execute(_shown().where(_TOKENS.id == token_id)).one_or_none()
    if found is None:
        raise NotFound(f"There is no token {token_id!r}.", "List tokens with GET /v1/tokens.")
    return _token(found)


def owner(tx: Tx, token_id: str) -> str:
    """The account whose token it is.

    Raises:
        NotFound: There is no such token.
    """
    return get(tx, token_id).account


def page(tx: Tx, *, account: str, cursor: str | None, limit: int) -> Page[Token]:
    """An account's tokens by age, revoked and expired ones included.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = _shown().where(_TOKENS.account == account)
    if cursor is not None:
        [seq] = cursors.decode("tokens", cursor, (int,))
        query = query.where(_TOKENS.seq > seq)
    rows = tx.conn.execute(query.order_by(_TOKENS.seq).limit(limit + 1)).all()
    return cursors.page(rows, limit, _token, lambda row: cursors.encode("tokens", [row.seq]))


def revoke(tx: Tx, token_id: str) -> Token:
    """Make a token good for nothing, for ever. Revoking again changes nothing.

    Raises:
        NotFound: There is no such token.
    """
    tx.conn.execute(
        sa.update(tables.tokens)
        .where(_TOKENS.id == token_id, _TOKENS.revoked_at.is_(None))
        .values(revoked_at=tx.now())
    )
    return get(tx, token_id)


@cache
def _query(by: sa.Column[str], asks_clock: bool) -> sa.Select[*tuple[Any, ...]]:
    """Each request of a team asks this, and building the statement would take longer than running it."""
    now = sa.type_coerce(CLOCK, UtcDateTime()) if asks_clock else sa.bindparam("now", type_=UtcDateTime())
    lately = (
        sa.type_coerce(CLOCK - sa.literal(USED_EVERY, sa.Interval()), UtcDateTime())
        if asks_clock
        else sa.bindparam("lately", type_=UtcDateTime())
    )
    return (
        sa.select(
            _TOKENS.id,
            _TOKENS.account,
            _TOKENS.scopes,
            tables.accounts.c.role,
            _TOKENS.revoked_at.is_not(None).label("revoked"),
            sa.func.coalesce(_TOKENS.expires_at <= now, sa.false()).label("expired"),
            tables.accounts.c.disabled_at.is_not(None).label("disabled"),
            sa.func.coalesce(_TOKENS.last_used_at > lately, sa.false()).label("used"),
        )
        .join_from(tables.tokens, tables.accounts)
        .where(by == sa.bindparam("shown"))
    )


def _bearer(tx: Tx, by: sa.Column[str], shown: str) -> Bearer | None:
    given: dict[str, Any] = {"shown": shown}
    if not tx.asks_clock:
        given |= {"now": tx.now(), "lately": tx.now() - USED_EVERY}
    row = tx.conn.execute(_query(by, tx.asks_clock), given).one_or_none()
    if row is None:
        return None
    return Bearer(
        row.id,
        row.account,
        Role(row.role),
        frozenset(map(Scope, row.scopes)),
        revoked=bool(row.revoked),
        expired=bool(row.expired),
        disabled=bool(row.disabled),
        used=bool(row.used),
    )


def _shown() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*(column for column in tables.tokens.c if column is not _TOKENS.hash))


def _token(row: sa.Row[*tuple[Any, ...]]) -> Token:
    return Token.model_validate(dict(row._mapping))
