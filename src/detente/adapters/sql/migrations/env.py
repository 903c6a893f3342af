"""Alembic runs this file. The caller passes a connection with its transaction begun, and commits it."""

from alembic import context

from detente.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
