"""The ledger as it was first released: intake, letters, commitments, outbox, and the history nobody can rewrite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE_APPEND_ONLY = """
CREATE TRIGGER history_no_{verb} BEFORE {verb} ON history
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END
"""
_POSTGRESQL_REFUSE = """
CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history is append-only'; END $$
"""
_POSTGRESQL_APPEND_ONLY = """
CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
FOR EACH STATEMENT EXECUTE FUNCTION history_refuse()
"""


def upgrade() -> None:
    _tables()
    op.execute("INSERT INTO chain (id, seq, hash) VALUES (1, 0, '')")
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_APPEND_ONLY.format(verb=verb))
    else:
        op.execute(_POSTGRESQL_REFUSE)
        op.execute(_POSTGRESQL_APPEND_ONLY)


def _tables() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.String(length=64), nullable=False, comment="SHA-256 of the returned form"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False, comment="JSON list of what was refused and why"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        comment="each returned form counts once",
    )
    op.create_table(
        "chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
        comment="one row: the end of the history",
    )
    op.create_table(
        "history",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.String(length=40), nullable=True),
        sa.Column("commitment_id", sa.String(length=64), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False, comment="JSON: column → [before, after]"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 over the hash before and this row"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_history")),
        comment="every change, in one chain; rows are added, never changed (a trigger refuses)",
    )
    op.create_index(op.f("ix_history_commitment_id"), "history", ["commitment_id"], unique=False)
    op.create_table(
        "intake",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_intake")),
        comment="one row per content ever seen; the truth of a letter's fate",
    )
    op.create_index(op.f("ix_intake_state"), "intake", ["state"], unique=False)
    op.create_table(
        "letters",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rules_version", sa.String(length=64), nullable=False),
        sa.Column("letter_type", sa.String(length=24), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("issuers", sa.Text(), nullable=True, comment="JSON list"),
        sa.Column("dated", sa.String(length=10), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True, comment="of the letter's date, else of its receipt: the cohort"),
        sa.Column("proposal_kind", sa.String(length=24), nullable=True),
        sa.Column("proposal_session", sa.Text(), nullable=True),
        sa.Column("proposal_number", sa.Text(), nullable=True),
        sa.Column("proposal_title", sa.Text(), nullable=True),
        sa.Column(
            "proposers",
            sa.Text(),
            nullable=True,
            comment="JSON list of the addressees; personal data, never in a notice to others",
        ),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_normalised", sa.String(length=24), nullable=True),
        sa.Column("disclosure", sa.String(length=24), nullable=True),
        sa.Column("disclosure_text", sa.Text(), nullable=True),
        sa.Column("original_name", sa.Text(), nullable=True),
        sa.Column("original_key", sa.Text(), nullable=False),
        sa.Column("original_version", sa.Text(), nullable=True),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="of what it says, white space apart"),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, or one more than the letter it re-issues"),
        sa.Column("supersedes", sa.String(length=40), nullable=True, comment="the letter of the same number it replaces"),
        sa.Column("superseded_by", sa.String(length=40), nullable=True),
        sa.Column("same_as", sa.String(length=40), nullable=True, comment="the first letter that says the same"),
        sa.Column("package_key", sa.Text(), nullable=True),
        sa.Column("package_sha256", sa.String(length=64), nullable=True),
        sa.Column("entered_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["intake.sha256"], name=op.f("fk_letters_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("sha256", name=op.f("uq_letters_sha256")),
    )
    op.create_index(op.f("ix_letters_document_number"), "letters", ["document_number"], unique=False)
    op.create_index("ix_letters_entered", "letters", ["entered_at", "id"], unique=False)
    op.create_index(op.f("ix_letters_fingerprint"), "letters", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_letters_year"), "letters", ["year"], unique=False)
    op.create_table(
        "occurrences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["intake.sha256"], name=op.f("fk_occurrences_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrences")),
        comment="each time the content lay in the inbox",
    )
    op.create_index(
        "ix_occurrences_duplicates",
        "occurrences",
        ["duplicate"],
        unique=False,
        sqlite_where=sa.text("duplicate"),
        postgresql_where=sa.text("duplicate"),
    )
    op.create_index(op.f("ix_occurrences_path"), "occurrences", ["path"], unique=False)
    op.create_index(op.f("ix_occurrences_sha256"), "occurrences", ["sha256"], unique=False)
    op.create_table(
        "commitments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("letter_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="order within the letter"),
        sa.Column("year", sa.Integer(), nullable=False, comment="the letter's year: the cohort"),
        sa.Column("stance", sa.String(length=12), nullable=False),
        sa.Column("specific", sa.Boolean(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=False),
        sa.Column("span_end", sa.Integer(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("quantities", sa.Text(), nullable=True, comment="JSON list of the stated texts"),
        sa.Column("lead_mention", sa.Text(), nullable=True),
        sa.Column("lead_name", sa.Text(), nullable=True),
        sa.Column("lead_agency_id", sa.String(length=80), nullable=True),
        sa.Column("support", sa.Text(), nullable=True),
        sa.Column("deadline_text", sa.Text(), nullable=True),
        sa.Column("deadline", sa.String(length=10), nullable=True),
        sa.Column("deadline_precision", sa.String(length=8), nullable=True),
        sa.Column("deadline_provenance", sa.String(length=16), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counts changes: optimistic locking"),
        sa.Column("due", sa.String(length=10), nullable=True, comment="the deadline with its extensions"),
        sa.Column("due_basis", sa.String(length=16), nullable=True, comment="stated, derived, policy_default, extension"),
        sa.Column("light", sa.String(length=8), nullable=True),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.String(length=10), nullable=True),
        sa.Column("signed_on", sa.String(length=10), nullable=True),
        sa.Column("objected_on", sa.String(length=10), nullable=True),
        sa.Column("objection", sa.Text(), nullable=True),
        sa.Column("reassigned_on", sa.String(length=10), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("progress_on", sa.String(length=10), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("extension_asked_on", sa.String(length=10), nullable=True),
        sa.Column("extension_until", sa.String(length=10), nullable=True),
        sa.Column("extension_reason", sa.Text(), nullable=True),
        sa.Column("extension_by", sa.Text(), nullable=True),
        sa.Column("done_on", sa.String(length=10), nullable=True),
        sa.Column("done_claimed_on", sa.String(length=10), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("verified_on", sa.String(length=10), nullable=True),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("told_on", sa.String(length=10), nullable=True, comment="the proposer was told in writing"),
        sa.Column("proposer_confirmed_on", sa.String(length=10), nullable=True),
        sa.Column("proposer_rating", sa.Text(), nullable=True),
        sa.Column("unfulfilled_reason", sa.Text(), nullable=True),
        sa.Column("explanation_number", sa.Text(), nullable=True),
        sa.Column("explanation_signer", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.String(length=10), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("carried_from", sa.Integer(), nullable=True, comment="the last year it was carried over from"),
        sa.Column("repeats", sa.String(length=64), nullable=True, comment="the earlier commitment that promises the same"),
        sa.Column("superseded_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_commitments_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
    )
    op.create_index("ix_commitments_lead", "commitments", ["lead_agency_id", "state"], unique=False)
    op.create_index(op.f("ix_commitments_letter_id"), "commitments", ["letter_id"], unique=False)
    op.create_index(
        "ix_commitments_open",
        "commitments",
        ["due", "id"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('closed', 'not_fulfilled', 'withdrawn', 'superseded')"),
        postgresql_where=sa.text("state NOT IN ('closed', 'not_fulfilled', 'withdrawn', 'superseded')"),
    )
    op.create_index("ix_commitments_state_due", "commitments", ["state", "due", "id"], unique=False)
    op.create_index("ix_commitments_year", "commitments", ["year", "state"], unique=False)
    op.create_index("ix_commitments_year_due", "commitments", ["year", "due", "id"], unique=False)
    op.create_table(
        "readings",
        sa.Column("letter_id", sa.String(length=40), nullable=False),
        sa.Column("rules_version", sa.String(length=64), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_readings_letter_id")),
        sa.PrimaryKeyConstraint("letter_id", "rules_version", name=op.f("pk_readings")),
        comment="each record made of a letter: one per version of the rules, none is lost",
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("commitment_id", sa.String(length=64), nullable=True),
        sa.Column("letter_id", sa.String(length=40), nullable=True),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False, comment="queued, sent, dead, bundled"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.String(length=32), nullable=False),
        sa.Column("next_try_at", sa.String(length=32), nullable=True, comment="not before; empty: at once"),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("sent_to", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("bundle_id", sa.String(length=80), nullable=True, comment="the bundle that carries it"),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name=op.f("fk_notices_commitment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        comment="the outbox: written in the transaction of what it tells, marked sent after the channel said so",
    )
    op.create_index("ix_notices_bundle", "notices", ["bundle_id"], unique=False)
    op.create_index(op.f("ix_notices_commitment_id"), "notices", ["commitment_id"], unique=False)
    op.create_index(
        "ix_notices_dead",
        "notices",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(op.f("ix_notices_letter_id"), "notices", ["letter_id"], unique=False)
    op.create_index(
        "ix_notices_lists",
        "notices",
        ["kind", "queued_at"],
        unique=False,
        sqlite_where=sa.text("commitment_id IS NULL"),
        postgresql_where=sa.text("commitment_id IS NULL"),
    )
    op.create_index(
        "ix_notices_queued",
        "notices",
        ["queued_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_notices_state", "notices", ["state"], unique=False)
    op.create_table(
        "owners",
        sa.Column("commitment_id", sa.String(length=64), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("mention", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True, comment="the routing row that decided"),
        sa.Column(
            "handed_on", sa.String(length=10), nullable=True, comment="the day the hand-off was delivered: its clocks start here"
        ),
        sa.Column("signed_on", sa.String(length=10), nullable=True),
        sa.Column("objected_on", sa.String(length=10), nullable=True),
        sa.Column("left_on", sa.String(length=10), nullable=True, comment="reassigned away"),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name=op.f("fk_owners_commitment_id")),
        sa.PrimaryKeyConstraint("commitment_id", "agency_id", name=op.f("pk_owners")),
        comment="who must do it; each answers for itself",
    )
    op.create_index("ix_owners_agency", "owners", ["agency_id", "commitment_id"], unique=False)
    op.create_index(
        "ix_owners_unsigned",
        "owners",
        ["handed_on"],
        unique=False,
        sqlite_where=sa.text("handed_on IS NOT NULL AND signed_on IS NULL AND objected_on IS NULL AND left_on IS NULL"),
        postgresql_where=sa.text("handed_on IS NOT NULL AND signed_on IS NULL AND objected_on IS NULL AND left_on IS NULL"),
    )
    op.create_table(
        "unresolved",
        sa.Column("commitment_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("mention", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=True, comment="what the program would have chosen"),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("answered_at", sa.String(length=32), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name=op.f("fk_unresolved_commitment_id")),
        sa.PrimaryKeyConstraint("commitment_id", "role", "mention", name=op.f("pk_unresolved")),
        comment="the review queue: a person has to choose",
    )
    op.create_index(
        "ix_unresolved_open",
        "unresolved",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
