"""Authors take turns; priorities, quotas, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite counts up only in a column that is spelled INTEGER.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_OPEN = sa.text("state = 'open' AND ready")


def upgrade() -> None:
    for limit in ("running_units", "queued_jobs", "minutes_a_day"):
        op.add_column("accounts", sa.Column(limit, sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_author_state", "jobs", ["author", "state"])
    op.add_column("units", sa.Column("author", _NAME, nullable=False, server_default=""))
    op.add_column("units", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("units", sa.Column("claimed_at", _MOMENT, nullable=True))
    op.drop_index("ix_units_open", "units")
    op.create_index(
        "ix_units_open", "units", ["rank", "turn", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("ix_units_author_closed_at", "units", ["author", "closed_at"])
    op.execute(
        "UPDATE units SET author = coalesce((SELECT author FROM jobs WHERE jobs.id = units.job), '') "
        "WHERE state <> 'closed'"
    )
    op.create_table(
        "audit",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("account", _NAME, nullable=True),
        sa.Column("token", _NAME, nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_account_id", "audit", ["account", "id"])
