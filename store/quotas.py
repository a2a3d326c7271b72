"""Quotas: how much an account may have running, waiting, and computed in a day; null is no limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from lrtune.wire import JobState
from store import tables
from store.database import Tx
from store.errors import QuotaExceeded

_ACCOUNTS = tables.accounts.c
_UNITS = tables.units.c
_JOBS = tables.jobs.c


def at_their_limit() -> sa.Select[tuple[str]]:
    """Accounts that have as many units running as they may; part of the statement of a claim.

    Asks the few accounts that have a limit for their units, so a claim costs nothing where there is none.
    Two claims at the same moment can both take the last place.
    """
    running = tables.units.alias("running")
    held = (
        sa.select(sa.func.count())
        .where(sa.text("running.state = 'leased'"), running.c.author == _ACCOUNTS.name)
        .scalar_subquery()
    )
    return sa.select(_ACCOUNTS.name).where(
        _ACCOUNTS.running_units.is_not(None), held >= _ACCOUNTS.running_units
    )


def check(tx: Tx, account: str) -> None:
    """Refuse a new job of an account that has reached a limit. No other job of it comes in beside this one.

    Raises:
        QuotaExceeded: It has, and which.
    """
    limits = tx.conn.execute(
        sa.select(_ACCOUNTS.queued_jobs, _ACCOUNTS.minutes_a_day).where(_ACCOUNTS.name == account)
    ).one_or_none()
    if limits is None or (limits.queued_jobs is None and limits.minutes_a_day is None):
        return
    tx.exclude(f"quota {account}")
    if limits.queued_jobs is not None:
        queued = tx.conn.execute(
            sa.select(sa.func.count()).where(_JOBS.author == account, _JOBS.state == JobState.QUEUED)
        ).scalar_one()
        if queued >= limits.queued_jobs:
            raise QuotaExceeded(
                f"{account} has {queued} queued jobs, and may have {limits.queued_jobs}.",
                "Submit again once one of them has started, or cancel one; an admin can raise queued_jobs.",
            )
    if limits.minutes_a_day is not None:
        used = minutes_today(tx, account)
        if used >= limits.minutes_a_day:
            midnight = _midnight(tx.now()) + timedelta(days=1)
            raise QuotaExceeded(
                f"{account} has used {used:.0f} compute minutes today, and may use {limits.minutes_a_day}.",
                f"Submit again after {midnight:%Y-%m-%d %H:%M} UTC; an admin can raise minutes_a_day.",
                reset_at=midnight,
            )


def minutes_today(tx: Tx, account: str) -> float:
    """Minutes since midnight UTC for which workers held units of an account, running ones included.

    What a unit cost before it was handed back or lost is not counted.
    """
    now = tx.now()
    since = _midnight(now)
    rows = tx.conn.execute(
        sa.select(_UNITS.claimed_at, _UNITS.closed_at).where(
            _UNITS.author == account,
            _UNITS.claimed_at.is_not(None),
            sa.or_(_UNITS.closed_at.is_(None), _UNITS.closed_at >= since),
        )
    )
    held: list[timedelta] = [(row.closed_at or now) - max(row.claimed_at, since) for row in rows]
    return sum(max(0.0, each.total_seconds()) for each in held) / 60


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
