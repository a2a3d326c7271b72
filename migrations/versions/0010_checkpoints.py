"""Where a unit's checkpoint is, and how far it reaches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("units", sa.Column("checkpoint", sa.JSON(none_as_null=True), nullable=True))
