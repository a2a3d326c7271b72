"""Units wait for a place among their job's, and an administrator can stop all claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open' AND ready")


def upgrade() -> None:
    op.add_column("units", sa.Column("ready", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_index("ix_units_open", "units")
    op.create_index("ix_units_open", "units", ["turn", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "drains",
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("since", name="pk_drains"),
    )
