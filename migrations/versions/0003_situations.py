"""What answers were measured with, so that the nearest are found without reading all answers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "situations",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("task", _NAME, nullable=False),
        sa.Column("optimizer", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_situations"),
        sa.UniqueConstraint("digest", name="uq_situations_digest"),
    )
    op.create_index("ix_situations_task_optimizer", "situations", ["task", "optimizer"])
    op.drop_index("ix_answers_task_optimizer", "answers")
    op.add_column("answers", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.add_column("answers", sa.Column("situation", sa.BigInteger(), nullable=True))
    op.add_column("answers", sa.Column("ranking", _NAME, nullable=True))
    op.add_column("answers", sa.Column("worse", sa.Double(), nullable=True))
    _fill()
    with op.batch_alter_table("answers") as answers:
        answers.alter_column("seq", existing_type=sa.BigInteger(), nullable=False)
        answers.alter_column("situation", existing_type=sa.BigInteger(), nullable=False)
        answers.alter_column("ranking", existing_type=_NAME, nullable=False)
        answers.alter_column("worse", existing_type=sa.Double(), nullable=False)
        answers.drop_column("metric")
        answers.drop_column("goal")
        answers.drop_column("mean")
        answers.create_foreign_key("fk_answers_situation", "situations", ["situation"], ["id"])
    keys = ["ranking", "worse", "seq"]
    op.create_index("ix_answers_task", "answers", ["task", *keys])
    op.create_index("ix_answers_task_optimizer", "answers", ["task", "optimizer", *keys])
    op.create_index("ix_answers_situation", "answers", ["situation", *keys])


_ANSWERS = sa.table(
    "answers",
    sa.column("job", _NAME),
    sa.column("task", _NAME),
    sa.column("optimizer", _NAME),
    sa.column("metric", _NAME),
    sa.column("goal", _NAME),
    sa.column("mean", sa.Double()),
    sa.column("body", sa.JSON()),
    sa.column("seq", sa.BigInteger()),
    sa.column("situation", sa.BigInteger()),
    sa.column("ranking", _NAME),
    sa.column("worse", sa.Double()),
)
_JOBS = sa.table("jobs", sa.column("id", _NAME), sa.column("seq", sa.BigInteger()))
_TASKS = sa.table(
    "tasks",
    sa.column("name", _NAME),
    sa.column("version", sa.Integer()),
    sa.column("params_schema", sa.JSON()),
)
_SITUATIONS = sa.table(
    "situations",
    sa.column("id", sa.BigInteger()),
    sa.column("task", _NAME),
    sa.column("optimizer", _NAME),
    sa.column("digest", _NAME),
    sa.column("body", sa.JSON()),
)


def _fill() -> None:
    connection = op.get_bind()
    schemas = {
        (row.name, row.version): row.params_schema for row in connection.execute(sa.select(_TASKS)).all()
    }
    known: dict[str, int] = {}
    jobs = connection.execute(
        sa.select(_ANSWERS.c.job, _JOBS.c.seq).join(_JOBS, _JOBS.c.id == _ANSWERS.c.job)
    ).all()
    for job, seq in jobs:
        row = connection.execute(sa.select(_ANSWERS).where(_ANSWERS.c.job == job)).one()
        values = {
            "seq": seq,
            "situation": _situation(connection, row, schemas, known),
            "ranking": "" if (row.metric, row.goal) == ("loss", "minimize") else f"{row.metric} {row.goal}",
            "worse": -row.mean if row.goal == "maximize" else row.mean,
        }
        connection.execute(sa.update(_ANSWERS).where(_ANSWERS.c.job == job).values(values))


def _situation(connection: sa.Connection, row: Any, schemas: dict[Any, Any], known: dict[str, int]) -> int:
    measured = row.body["provenance"]
    properties = schemas.get((row.task, measured["task_version"]), {}).get("properties") or {}
    defaults = {name: rule["default"] for name, rule in properties.items() if "default" in rule}
    body = {
        "task_version": measured["task_version"],
        "params": {**defaults, **measured["params"]},
        "optimizer": measured["optimizer"],
        "batch_size": measured["batch_size"],
        "epochs": measured["epochs"],
        "precision": measured["precision"],
    }
    digest = hashlib.sha256(json.dumps([row.task, body], sort_keys=True).encode()).hexdigest()
    if digest not in known:
        values = {"task": row.task, "optimizer": row.optimizer, "digest": digest, "body": body}
        added = sa.insert(_SITUATIONS).values(values).returning(_SITUATIONS.c.id)
        known[digest] = connection.execute(added).scalar_one()
    return known[digest]
