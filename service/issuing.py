"""New tokens: their secrets, and what they may not be."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from lrtune.wire import Account, FieldError, NewToken, Scope
from service.problems import field_problem
from store import Tx, tokens

PREFIX = "lrt_"
"""What every secret begins with, so that scanners of repositories can tell one."""

LONGEST = timedelta(days=3650)
"""How far ahead a token can expire, if it does at all."""


def new_secret() -> str:
    """160 random bits."""
    return PREFIX + secrets.token_hex(20)


def new_token_id() -> str:
    return secrets.token_hex(5)


def issue(
    tx: Tx,
    account: Account,
    *,
    scopes: Sequence[Scope] | None = None,
    label: str = "",
    expires_at: datetime | None = None,
) -> NewToken:
    """Give an account a token; ``scopes`` are all that its role allows by default.

    Raises:
        ProblemError: A scope is beyond the account's role, or the moment is past or too far ahead.
    """
    beyond = sorted(set(scopes or ()) - account.role.scopes)
    if beyond:
        choice = ", ".join(scope for scope in Scope if scope in account.role.scopes)
        raise field_problem(
            [
                FieldError(
                    field="/scopes",
                    detail=f"{account.name} has the role {account.role}, which gives no {', '.join(beyond)}.",
                    remedy=f"Choose among {choice}.",
                )
            ]
        )
    if expires_at is not None and not tx.now() < expires_at <= tx.now() + LONGEST:
        raise field_problem(
            [
                FieldError(
                    field="/expires_at",
                    detail="The moment is past, or further ahead than ten years.",
                    remedy="Give a moment to come, or null for never.",
                )
            ]
        )
    secret = new_secret()
    token = tokens.create(
        tx,
        account.name,
        token_id=new_token_id(),
        secret=secret,
        scopes=account.role.scopes if scopes is None else scopes,
        label=label,
        expires_at=expires_at,
    )
    return NewToken(**token.model_dump(), secret=secret)
