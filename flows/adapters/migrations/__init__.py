"""The ledger's migrations (Alembic), run when the ledger is opened."""
