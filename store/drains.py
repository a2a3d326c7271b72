"""A drain: nobody claims anything until it is over, and what is leased is finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import tables
from store.database import Tx

_DRAINS = tables.drains.c
_UNITS = tables.units.c


@dataclass(frozen=True)
class Drain:
    """How a drain stands.

    Attributes:
        since: When it began, None if there is none.
        leased: Units that workers still hold; a lease that has run out is nobody's.
    """

    since: datetime | None
    leased: int

    @property
    def empty(self) -> bool:
        """Whether nothing is claimed any more and nothing is held."""
        return self.since is not None and not self.leased


def begin(tx: Tx) -> None:
    """Let nobody claim a unit from now on; again, nothing happens."""
    tx.exclude("lrtune drain")
    if status(tx).since is None:
        tx.conn.execute(sa.insert(tables.drains).values(since=tx.now()))


def end(tx: Tx) -> bool:
    """Let claims go on; whether there was a drain to end."""
    return bool(tx.conn.execute(sa.delete(tables.drains)).rowcount)


def status(tx: Tx) -> Drain:
    """How the drain stands."""
    since = tx.conn.execute(sa.select(sa.func.min(_DRAINS.since))).scalar_one()
    leased = tx.conn.execute(
        sa.select(sa.func.count()).where(_UNITS.state == "leased", _UNITS.expires_at >= tx.now())
    ).scalar_one()
    return Drain(since, leased)
