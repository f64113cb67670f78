"""Alembic's own entry: it runs the steps on the connection it is given."""

from __future__ import annotations

from alembic import context

from secondlook.server.rows import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,  # SQLite cannot change a column in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
