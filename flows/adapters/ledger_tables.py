"""The ledger's tables.  Days are ISO strings in Beijing time, moments RFC 3339 in UTC; JSON columns hold text."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
DAY, MOMENT, AGENCY, STATE = sa.String(10), sa.String(32), sa.String(80), sa.String(16)

# Conditions of partial indexes: a query must repeat them word for word, without parameters, to use the index.
OPEN = "state NOT IN ('closed', 'not_fulfilled', 'withdrawn', 'superseded')"
LISTS = "commitment_id IS NULL"
QUEUED, DEAD = "state = 'queued'", "state = 'dead'"
COPIES, ASKED = "same_as IS NOT NULL", "answered_at IS NULL"

# -- intake: the fate of every content ------------------------------------------------------------------------------

intake = sa.Table(
    "intake",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", STATE, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("received_at", MOMENT, nullable=False),
    sa.Column("changed_at", MOMENT, nullable=False),
    sa.Column("code", sa.String(40)),
    sa.Column("message", sa.Text),
    comment="one row per content ever seen; the truth of a letter's fate",
)
occurrences = sa.Table(
    "occurrences",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.ForeignKey("intake.sha256"), nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False, index=True),
    sa.Column("seen_at", MOMENT, nullable=False),
    sa.Column("duplicate", sa.Boolean, nullable=False),
    sa.Index(
        "ix_occurrences_duplicates",
        "duplicate",
        sqlite_where=sa.text("duplicate"),
        postgresql_where=sa.text("duplicate"),
    ),
    comment="each time the content lay in the inbox",
)

# -- letters and their versions -------------------------------------------------------------------------------------

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("sha256", sa.ForeignKey("intake.sha256"), nullable=False, unique=True),
    sa.Column("rules_version", sa.String(64), nullable=False),
    sa.Column("letter_type", sa.String(24), nullable=False),
    sa.Column("document_number", sa.Text, index=True),
    sa.Column("title", sa.Text),
    sa.Column("issuer", sa.Text),
    sa.Column("issuers", sa.Text, comment="JSON list"),
    sa.Column("dated", DAY),
    sa.Column("year", sa.Integer, comment="of the letter's date, else of its receipt: the cohort", index=True),
    sa.Column("proposal_kind", sa.String(24)),
    sa.Column("proposal_session", sa.Text),
    sa.Column("proposal_number", sa.Text),
    sa.Column("proposal_title", sa.Text),
    sa.Column("proposers", sa.Text, comment="JSON list of the addressees; personal data, never in a notice to others"),
    sa.Column("outcome", sa.Text),
    sa.Column("outcome_normalised", sa.String(24)),
    sa.Column("disclosure", sa.String(24)),
    sa.Column("disclosure_text", sa.Text),
    sa.Column("original_name", sa.Text),
    sa.Column("original_key", sa.Text, nullable=False),
    sa.Column("original_version", sa.Text),
    sa.Column("record_key", sa.Text, nullable=False),
    sa.Column("problems", sa.Integer, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True, comment="of what it says, white space apart"),
    sa.Column("version", sa.Integer, nullable=False, comment="1, or one more than the letter it re-issues"),
    sa.Column("supersedes", sa.String(40), comment="the letter of the same number it replaces"),
    sa.Column("superseded_by", sa.String(40)),
    sa.Column("same_as", sa.String(40), comment="the first letter that says the same"),
    sa.Column("package_key", sa.Text),
    sa.Column("package_sha256", sa.String(64)),
    sa.Column("entered_at", MOMENT, nullable=False),
    sa.Column("text_hash", sa.String(64), index=True, comment="of its normalised text; none where it came before 0002"),
    sa.Index("ix_letters_entered", "entered_at", "id"),
    sa.Index("ix_letters_same", "same_as", sqlite_where=sa.text(COPIES), postgresql_where=sa.text(COPIES)),
)
readings = sa.Table(
    "readings",
    metadata,
    sa.Column("letter_id", sa.ForeignKey("letters.id"), primary_key=True),
    sa.Column("rules_version", sa.String(64), primary_key=True),
    sa.Column("record_key", sa.Text, nullable=False),
    sa.Column("entered_at", MOMENT, nullable=False),
    comment="each record made of a letter: one per version of the rules, none is lost",
)

# -- letters alike --------------------------------------------------------------------------------------------------

sketches = sa.Table(
    "sketches",
    metadata,
    sa.Column("letter_id", sa.ForeignKey("letters.id"), primary_key=True),
    sa.Column("sketch", sa.String(256), nullable=False, comment="alike where texts are alike"),
    sa.Column("size", sa.Integer, nullable=False, comment="characters of the normalised text"),
    sa.Column("recognised", sa.Boolean, nullable=False, comment="read from a picture: its numbers may be misread"),
    comment="one row per text: letters that say the same to the character share the first one's",
)
bands = sa.Table(
    "bands",
    metadata,
    sa.Column("band", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("letter_id", sa.ForeignKey("letters.id"), primary_key=True),
    comment="the index over sketches, derived from them: letters alike share a band",
    sqlite_with_rowid=False,
)
lookalikes = sa.Table(
    "lookalikes",
    metadata,
    sa.Column("letter_id", sa.ForeignKey("letters.id"), primary_key=True, comment="the letter that is held back"),
    sa.Column("other_id", sa.ForeignKey("letters.id"), nullable=False, comment="the earlier letter it is like"),
    sa.Column("percent", sa.Integer, nullable=False, comment="how like"),
    sa.Column("asked_at", MOMENT, nullable=False),
    sa.Column("answer", sa.String(12), comment="same, version, different; superseded: no longer a question"),
    sa.Column("answered_at", MOMENT),
    sa.Column("answered_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Index("ix_lookalikes_open", "asked_at", sqlite_where=sa.text(ASKED), postgresql_where=sa.text(ASKED)),
    comment="the review queue of letters: is it another letter?  until answered its commitments wait",
)

# -- commitments ----------------------------------------------------------------------------------------------------

commitments = sa.Table(
    "commitments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("letter_id", sa.ForeignKey("letters.id"), nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False, comment="order within the letter"),
    sa.Column("year", sa.Integer, nullable=False, comment="the letter's year: the cohort"),
    # what the letter says
    sa.Column("stance", sa.String(12), nullable=False),
    sa.Column("specific", sa.Boolean, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("span_start", sa.Integer, nullable=False),
    sa.Column("span_end", sa.Integer, nullable=False),
    sa.Column("section", sa.Text),
    sa.Column("summary", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("quantities", sa.Text, comment="JSON list of the stated texts"),
    sa.Column("lead_mention", sa.Text),
    sa.Column("lead_name", sa.Text),
    sa.Column("lead_agency_id", AGENCY),
    sa.Column("support", sa.Text),
    sa.Column("deadline_text", sa.Text),
    sa.Column("deadline", DAY),
    sa.Column("deadline_precision", sa.String(8)),
    sa.Column("deadline_provenance", sa.String(16)),
    sa.Column("confidence", sa.Float, nullable=False),
    # what became of it
    sa.Column("state", STATE, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="counts changes: optimistic locking"),
    sa.Column("due", DAY, comment="the deadline with its extensions"),
    sa.Column("due_basis", sa.String(16), comment="stated, derived, policy_default, extension"),
    sa.Column("light", sa.String(8)),
    sa.Column("responsible", sa.Text),
    sa.Column("issued_on", DAY),
    sa.Column("signed_on", DAY),
    sa.Column("objected_on", DAY),
    sa.Column("objection", sa.Text),
    sa.Column("reassigned_on", DAY),
    sa.Column("progress", sa.Text),
    sa.Column("progress_on", DAY),
    sa.Column("evidence", sa.Text),
    sa.Column("extensions", sa.Integer, nullable=False),
    sa.Column("extension_asked_on", DAY),
    sa.Column("extension_until", DAY),
    sa.Column("extension_reason", sa.Text),
    sa.Column("extension_by", sa.Text),
    sa.Column("done_on", DAY),
    sa.Column("done_claimed_on", DAY),
    sa.Column("done_by", sa.Text),
    sa.Column("verified_on", DAY),
    sa.Column("verified_by", sa.Text),
    sa.Column("told_on", DAY, comment="the proposer was told in writing"),
    sa.Column("proposer_confirmed_on", DAY),
    sa.Column("proposer_rating", sa.Text),
    sa.Column("unfulfilled_reason", sa.Text),
    sa.Column("explanation_number", sa.Text),
    sa.Column("explanation_signer", sa.Text),
    sa.Column("closed_on", DAY),
    sa.Column("closed_by", sa.Text),
    sa.Column("carried_from", sa.Integer, comment="the last year it was carried over from"),
    sa.Column("repeats", sa.String(64), comment="the earlier commitment that promises the same"),
    sa.Column("superseded_by", sa.String(64)),
    sa.Index("ix_commitments_state_due", "state", "due", "id"),
    sa.Index("ix_commitments_open", "due", "id", sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)),
    sa.Index("ix_commitments_lead", "lead_agency_id", "state"),
    sa.Index("ix_commitments_year", "year", "state"),
    sa.Index("ix_commitments_year_due", "year", "due", "id"),
)
_UNSIGNED = "handed_on IS NOT NULL AND signed_on IS NULL AND objected_on IS NULL AND left_on IS NULL"
owners = sa.Table(
    "owners",
    metadata,
    sa.Column("commitment_id", sa.ForeignKey("commitments.id"), primary_key=True),
    sa.Column("agency_id", AGENCY, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("mention", sa.Text, nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("rule", sa.Text, comment="the routing row that decided"),
    sa.Column("handed_on", DAY, comment="the day the hand-off was delivered: its clocks start here"),
    sa.Column("signed_on", DAY),
    sa.Column("objected_on", DAY),
    sa.Column("left_on", DAY, comment="reassigned away"),
    sa.Index("ix_owners_agency", "agency_id", "commitment_id"),
    sa.Index(
        "ix_owners_unsigned", "handed_on",
        sqlite_where=sa.text(_UNSIGNED), postgresql_where=sa.text(_UNSIGNED),
    ),
    comment="who must do it; each answers for itself",
)  # fmt: skip
unresolved = sa.Table(
    "unresolved",
    metadata,
    sa.Column("commitment_id", sa.ForeignKey("commitments.id"), primary_key=True),
    sa.Column("role", sa.String(8), primary_key=True),
    sa.Column("mention", sa.Text, primary_key=True),
    sa.Column("agency_id", AGENCY, comment="what the program would have chosen"),
    sa.Column("rule", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("asked_at", MOMENT, nullable=False),
    sa.Column("answered_at", MOMENT),
    sa.Column("answered_by", sa.Text),
    sa.Column("answer", AGENCY),
    sa.Index(
        "ix_unresolved_open", "asked_at",
        sqlite_where=sa.text("answered_at IS NULL"), postgresql_where=sa.text("answered_at IS NULL"),
    ),
    comment="the review queue: a person has to choose",
)  # fmt: skip

# -- history, outbox, answers ---------------------------------------------------------------------------------------

history = sa.Table(
    "history",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("letter_id", sa.String(40)),
    sa.Column("commitment_id", sa.String(64), index=True),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("action", sa.String(24), nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("from_state", STATE),
    sa.Column("to_state", STATE),
    sa.Column("changes", sa.Text, nullable=False, comment="JSON: column → [before, after]"),
    sa.Column("hash", sa.String(64), nullable=False, comment="SHA-256 over the hash before and this row"),
    comment="every change, in one chain; rows are added, never changed (a trigger refuses)",
)
chain = sa.Table(
    "chain",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    comment="one row: the end of the history",
)
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("commitment_id", sa.ForeignKey("commitments.id"), index=True),
    sa.Column("letter_id", sa.String(40), index=True),
    sa.Column("agency_id", AGENCY, nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("state", sa.String(8), nullable=False, comment="queued, sent, dead, bundled"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("queued_at", MOMENT, nullable=False),
    sa.Column("next_try_at", MOMENT, comment="not before; empty: at once"),
    sa.Column("sent_at", MOMENT),
    sa.Column("sent_to", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Column("bundle_id", sa.String(80), comment="the bundle that carries it"),
    sa.Column("claimed_by", sa.String(80), comment="the run that has it in hand"),
    sa.Column("claimed_until", MOMENT, comment="from then on anybody may take it: that run has died"),
    sa.Column("series", sa.String(60), comment="its number comes from; none where it came before 0003"),
    sa.Column("number", sa.String(80), comment="发文字号, allotted when it is first sent, never changed"),
    sa.Index(
        "ix_notices_queued", "queued_at", "id",
        sqlite_where=sa.text(QUEUED), postgresql_where=sa.text(QUEUED),
    ),
    sa.Index("ix_notices_dead", "id", sqlite_where=sa.text(DEAD), postgresql_where=sa.text(DEAD)),
    sa.Index("ix_notices_state", "state"),
    sa.Index("ix_notices_bundle", "bundle_id"),
    sa.Index("ix_notices_number", "number", unique=True),
    sa.Index("ix_notices_lists", "kind", "queued_at", sqlite_where=sa.text(LISTS), postgresql_where=sa.text(LISTS)),
    comment="the outbox: written in the transaction of what it tells, marked sent after the channel said so",
)  # fmt: skip
series = sa.Table(
    "series",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
    comment="the last number allotted in each series of notices; its row is the lock",
)
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True, comment="SHA-256 of the returned form"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("refused", sa.Text, nullable=False, comment="JSON list of what was refused and why"),
    comment="each returned form counts once",
)
