"""Runs the migrations on the connection the ledger hands over; there is no configuration file."""

from __future__ import annotations

from alembic import context

from flows.adapters.ledger_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
# The transaction is the caller's: a migration that fails leaves the ledger as it was.
context.run_migrations()
