"""Letters alike are recognised and asked about; a waiting notice is claimed by the run that sends it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _letters()
    _lookalikes()
    op.add_column("notices", sa.Column("claimed_by", sa.String(80), comment="the run that has it in hand"))
    until = "from then on anybody may take it: that run has died"
    op.add_column("notices", sa.Column("claimed_until", sa.String(32), comment=until))


def _letters() -> None:
    text = "of its normalised text; none where it came before 0002"
    op.add_column("letters", sa.Column("text_hash", sa.String(64), comment=text))
    op.create_index("ix_letters_text_hash", "letters", ["text_hash"])
    copies = sa.text("same_as IS NOT NULL")
    op.create_index("ix_letters_same", "letters", ["same_as"], sqlite_where=copies, postgresql_where=copies)
    op.create_table(
        "sketches",
        sa.Column("letter_id", sa.String(40), sa.ForeignKey("letters.id", name="fk_sketches_letter_id"), nullable=False),
        sa.Column("sketch", sa.String(256), nullable=False, comment="alike where texts are alike"),
        sa.Column("size", sa.Integer, nullable=False, comment="characters of the normalised text"),
        sa.Column("recognised", sa.Boolean, nullable=False, comment="read from a picture: its numbers may be misread"),
        sa.PrimaryKeyConstraint("letter_id", name="pk_sketches"),
        comment="one row per text: letters that say the same to the character share the first one's",
    )
    op.create_table(
        "bands",
        sa.Column("band", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("letter_id", sa.String(40), sa.ForeignKey("letters.id", name="fk_bands_letter_id"), nullable=False),
        sa.PrimaryKeyConstraint("band", "letter_id", name="pk_bands"),
        comment="the index over sketches, derived from them: letters alike share a band",
        sqlite_with_rowid=False,
    )


def _lookalikes() -> None:
    letter = sa.ForeignKey("letters.id", name="fk_lookalikes_letter_id")
    other = sa.ForeignKey("letters.id", name="fk_lookalikes_other_id")
    answers = "same, version, different; superseded: no longer a question"
    op.create_table(
        "lookalikes",
        sa.Column("letter_id", sa.String(40), letter, nullable=False, comment="the letter that is held back"),
        sa.Column("other_id", sa.String(40), other, nullable=False, comment="the earlier letter it is like"),
        sa.Column("percent", sa.Integer, nullable=False, comment="how like"),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("answer", sa.String(12), comment=answers),
        sa.Column("answered_at", sa.String(32)),
        sa.Column("answered_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("letter_id", name="pk_lookalikes"),
        comment="the review queue of letters: is it another letter?  until answered its commitments wait",
    )
    waiting = sa.text("answered_at IS NULL")
    op.create_index("ix_lookalikes_open", "lookalikes", ["asked_at"], sqlite_where=waiting, postgresql_where=waiting)
