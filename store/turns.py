"""Whose turn it is: authors take turns, and within an author's share his jobs do.

A unit is claimed by ``rank``, then ``turn``. Turns are dealt when units are added, by start-time fair
queueing (Goyal, Vin and Cheng, 1996): a unit of an author with n unfinished jobs comes n turns after the one
before it of its own job, so that all his jobs together get one unit a turn, as does an author with a single
job. A claim then reads an index in its order, however many authors, jobs and units there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from lrtune.wire import JobState
from store import tables
from store.database import Tx

_UNITS = tables.units.c
_JOBS = tables.jobs.c

# Literal, because a partial index serves no bound value.
_OPEN = sa.text("state = 'open' AND ready AND kind <> 'external'")
_LEASED = sa.text("state = 'leased'")
_UNFINISHED = sa.text("state <> 'closed'")

GIVEN = ("job", "kind", "payload", "state", "attempt", "lapses", "ready", "created_at")
"""Columns of a new unit that whoever adds it says."""


def add(tx: Tx, values: Mapping[str, Any]) -> int:
    """Add a unit with these values, one of each of ``GIVEN``, and deal it a turn; returns its id.

    The turn is not before that of the unit next in line: who asked for nothing so far has saved up no claims.
    Jobs without an author take turns each for itself.
    """
    named = {f"new_{name}": values[name] for name in GIVEN}
    unit: int = tx.conn.execute(_insertion(), named).scalar_one()
    return unit


@cache
def _insertion() -> sa.UpdateBase:
    """The statement; built once, because building it costs more than running it."""
    given = {name: sa.bindparam(f"new_{name}", type_=tables.units.c[name].type) for name in GIVEN}
    job = sa.select(tables.jobs).where(_JOBS.id == given["job"]).subquery("job")
    rank = -job.c.priority
    others = tables.jobs.alias("others")
    active = sa.select(sa.func.count()).where(
        others.c.author == job.c.author, others.c.state.in_([JobState.QUEUED, JobState.RUNNING])
    )
    own = sa.select(sa.func.max(_UNITS.turn)).where(_UNITS.job == given["job"], _UNFINISHED)
    line = sa.func.coalesce(
        sa.select(sa.func.min(_UNITS.turn)).where(_OPEN, _UNITS.rank == rank).scalar_subquery(),
        sa.select(sa.func.max(_UNITS.turn)).where(_LEASED, _UNITS.rank == rank).scalar_subquery(),
        0,
    )
    place = sa.select(
        sa.func.coalesce(job.c.author, "").label("author"),
        rank.label("rank"),
        line.label("line"),
        own.scalar_subquery().label("own"),
        sa.case((job.c.author.is_(None), 1), else_=active.scalar_subquery()).label("step"),
    ).subquery("place")
    behind = place.c.own + place.c.step
    turn = sa.case(
        (place.c.own.is_(None), place.c.line + place.c.step - 1),
        (behind > place.c.line, behind),
        else_=place.c.line,
    )
    chosen = sa.select(*given.values(), place.c.author, place.c.rank, turn)
    insertion = sa.insert(tables.units).from_select([*GIVEN, "author", "rank", "turn"], chosen)
    return insertion.returning(_UNITS.id)
