"""Runs migrations on the connection that ``store.migrate`` passes; its transaction holds them all."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    # SQLite alters a table by copying it.
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
