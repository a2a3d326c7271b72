"""Checkpoints of units: which file a unit's next worker goes on from, and how far it reaches.

The file lies in a folder that workers share. The row is the truth: only who holds the unit's lease writes it,
and a file that no row names is rubbish.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from store import lapses, tables
from store.database import Tx
from store.units import Lease

_UNITS = tables.units.c


@dataclass(frozen=True)
class Checkpoint:
    """A half-done unit in a file.

    Attributes:
        name: The file's.
        digest: SHA-256 of its content, in hexadecimal.
        epochs: Epochs done, by number of the trials that were left; the other trials of the unit had ended.
    """

    name: str
    digest: str
    epochs: dict[int, int]


def put(tx: Tx, lease: Lease, checkpoint: Checkpoint) -> None:
    """Make this the unit's checkpoint. The caller holds the lease, and has stored all reports up to it."""
    _set(tx, lease, asdict(checkpoint))


def of(tx: Tx, lease: Lease) -> Checkpoint | None:
    """The unit's checkpoint, if it has one."""
    found = tx.conn.execute(sa.select(_UNITS.checkpoint).where(_UNITS.id == lease.unit)).scalar_one_or_none()
    if found is None:
        return None
    return Checkpoint(found["name"], found["digest"], lapses.epochs(found))


def drop(tx: Tx, lease: Lease) -> None:
    """Forget the unit's checkpoint: its unfinished trials start over, without reports. The caller holds the
    lease."""
    _set(tx, lease, None)
    lapses.cut(tx, lease.unit, lease.job, {})


def live(tx: Tx) -> set[str]:
    """Names of the files that somebody may go on from."""
    query = sa.select(_UNITS.checkpoint).where(sa.text("state <> 'closed'"), _UNITS.checkpoint.is_not(None))
    return {found["name"] for found in tx.conn.execute(query).scalars()}


def _set(tx: Tx, lease: Lease, value: dict[str, Any] | None) -> None:
    tx.conn.execute(sa.update(tables.units).where(_UNITS.id == lease.unit).values(checkpoint=value))
