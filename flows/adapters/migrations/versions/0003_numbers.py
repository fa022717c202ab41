"""Notices bear the office's own numbers, one series a year for each kind of paper."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("series", sa.String(60), comment="its number comes from; none where it came before 0003"))
    told = "发文字号, allotted when it is first sent, never changed"
    op.add_column("notices", sa.Column("number", sa.String(80), comment=told))
    op.create_index("ix_notices_number", "notices", ["number"], unique=True)
    op.create_table(
        "series",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_series"),
        comment="the last number allotted in each series of notices; its row is the lock",
    )
