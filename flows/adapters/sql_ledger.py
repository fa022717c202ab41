"""The ledger in SQL: what came in, what it promises, whom it was given to, what became of it, what has to be sent.

One class from five modules, each a part of the ledger's work: ``ledger_intake`` (the fate of every content),
``ledger_letters`` (letters, versions, commitments), ``ledger_outbox`` (notices), ``ledger_steps`` (the life of a
commitment and its history), ``ledger_views`` (questions); below them ``ledger_database`` and ``ledger_tables``.
"""

from __future__ import annotations

from flows.adapters.ledger_intake import Claim, IntakeState
from flows.adapters.ledger_views import Filter, LedgerViews

__all__ = ["Claim", "Filter", "IntakeState", "SqlLedger"]


class SqlLedger(LedgerViews):
    """The ledger behind a SQLAlchemy URL (SQLite or PostgreSQL).  Every call raises ``Unavailable`` when it is down."""
