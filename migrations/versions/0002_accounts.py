"""Accounts and tokens; jobs and tasks have an author."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite counts up only in a column that is spelled INTEGER.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("role", _NAME, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("disabled_at", _MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('person', 'machine')", name="ck_accounts_kind"),
        sa.CheckConstraint("role IN ('viewer', 'member', 'admin')", name="ck_accounts_role"),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    op.create_table(
        "tokens",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("account", _NAME, nullable=False),
        sa.Column("hash", _NAME, nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_tokens_account"),
        sa.PrimaryKeyConstraint("seq", name="pk_tokens"),
        sa.UniqueConstraint("id", name="uq_tokens_id"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_account_seq", "tokens", ["account", "seq"])
    # In one statement with its foreign key: SQLite can add none to a table that is there.
    text = 'TEXT COLLATE "C"' if op.get_context().dialect.name == "postgresql" else "TEXT"
    for table in ("tasks", "jobs"):
        constraint = f"CONSTRAINT fk_{table}_author REFERENCES accounts (name)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN author {text} {constraint}")
