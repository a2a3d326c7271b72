"""Tasks tell what they need: requirements, data, and how large they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Defaults stay for rows that are there; a table is not copied for them, since others refer to it.
    op.add_column("tasks", sa.Column("requirements", sa.Text(), nullable=False, server_default=""))
    op.add_column("tasks", sa.Column("data", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("tasks", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    tasks = sa.table("tasks", sa.column("name"), sa.column("version"), sa.column("size"))
    files = sa.table("task_files", sa.column("task"), sa.column("version"), sa.column("content"))
    size = (
        sa.select(sa.func.coalesce(sa.func.sum(sa.func.length(files.c.content)), 0))
        .where(files.c.task == tasks.c.name, files.c.version == tasks.c.version)
        .scalar_subquery()
    )
    op.execute(sa.update(tasks).values(size=size))
