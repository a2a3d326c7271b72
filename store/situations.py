"""Situations: what answers of a task were measured with, each kept once, so that looking for the nearest ones
takes time by how many situations there are, not by how many jobs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from lrtune.nearness import Situation
from lrtune.wire import OptimizerSpec, Provenance
from store import tables, tasks
from store.database import Tx

_SITUATIONS = tables.situations.c


def of(tx: Tx, task: str, measured: Provenance) -> int:
    """The id of what ``measured`` tells, which is added if it is new.

    Parameters that the request did not name have the defaults of that version of the task.

    Raises:
        NotFound: There is no such version of the task.
    """
    schema = tasks.get(tx, f"{task}@{measured.task_version}").params_schema
    body = {
        "task_version": measured.task_version,
        "params": {**defaults(schema), **measured.params},
        "optimizer": measured.optimizer,
        "batch_size": measured.batch_size,
        "epochs": measured.epochs,
        "precision": measured.precision,
    }
    digest = hashlib.sha256(json.dumps([task, body], sort_keys=True).encode()).hexdigest()
    tx.exclude(f"situation {digest}")
    known: int | None = tx.conn.execute(
        sa.select(_SITUATIONS.id).where(_SITUATIONS.digest == digest)
    ).scalar_one_or_none()
    if known is not None:
        return known
    optimizer = str(measured.optimizer["name"])
    added: int = tx.conn.execute(
        sa.insert(tables.situations)
        .values(task=task, optimizer=optimizer, digest=digest, body=body)
        .returning(_SITUATIONS.id)
    ).scalar_one()
    return added


def of_task(tx: Tx, task: str, optimizer: str | None) -> list[tuple[int, Situation]]:
    """All situations of a task, of any version, with their ids; with one optimizer or any."""
    query = sa.select(_SITUATIONS.id, _SITUATIONS.body).where(_SITUATIONS.task == task)
    if optimizer is not None:
        query = query.where(_SITUATIONS.optimizer == optimizer)
    return [(row.id, _situation(row.body)) for row in tx.conn.execute(query.order_by(_SITUATIONS.id))]


def defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Parameters that have a default, by a task's JSON schema."""
    rules = schema.get("properties")
    if not isinstance(rules, dict):
        return {}
    return {
        name: rule["default"] for name, rule in rules.items() if isinstance(rule, dict) and "default" in rule
    }


def _situation(body: dict[str, Any]) -> Situation:
    return Situation(**{**body, "optimizer": OptimizerSpec.model_construct(**body["optimizer"])})
