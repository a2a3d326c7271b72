"""Webhooks, and the outbox of their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("account", _NAME, nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("team", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_webhooks_account"),
        sa.PrimaryKeyConstraint("seq", name="pk_webhooks"),
        sa.UniqueConstraint("id", name="uq_webhooks_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("webhook", _NAME, nullable=False),
        sa.Column("event", _NAME, nullable=False),
        sa.Column("job", _NAME, nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT, nullable=True),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="ck_deliveries_state"),
        sa.CheckConstraint("(next_at IS NOT NULL) = (state = 'waiting')", name="ck_deliveries_next"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_deliveries_job"),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name="fk_deliveries_webhook"),
        sa.PrimaryKeyConstraint("seq", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_webhook_seq", "deliveries", ["webhook", "seq"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["next_at"], sqlite_where=waiting, postgresql_where=waiting
    )
