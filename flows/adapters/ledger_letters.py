"""The ledger's letters: a record enters once, a re-issue supersedes, the same words again are only linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from flows.adapters import ledger_rows
from flows.adapters.ledger_intake import LedgerIntake
from flows.adapters.ledger_placing import PROGRAM, Entry, find_place, keep_text, open_question
from flows.adapters.ledger_tables import commitments, intake, letters, lookalikes, notices, owners, readings, unresolved
from flows.letters.fingerprint import Fingerprint
from flows.letters.masking import Private
from flows.letters.model import Assignment, Notice
from flows.letters.workdays import beijing_day
from flows.ports import Receipt

# What a commitment keeps when a new version of its letter says the same again.
_INHERITED = (
    "state", "due", "due_basis", "light", "responsible", "issued_on", "signed_on", "objected_on", "objection",
    "reassigned_on", "progress", "progress_on", "evidence", "extensions", "extension_asked_on", "extension_until",
    "extension_reason", "extension_by", "done_on", "done_claimed_on", "done_by", "verified_on", "verified_by",
    "told_on", "proposer_confirmed_on", "proposer_rating", "unfulfilled_reason", "explanation_number",
    "explanation_signer", "closed_on", "closed_by", "carried_from",
)  # fmt: skip


class LedgerLetters(LedgerIntake):
    """Letters, their versions and readings, and the commitments they bring."""

    def enter(
        self,
        record: Mapping[str, Any],
        *,
        original: Receipt,
        filed: Receipt,
        assignments: Sequence[Assignment],
        queued: Sequence[Notice],
        now: str,
        text: Fingerprint | None = None,
    ) -> None:
        """Letter, commitments, owners, open questions and notices in one transaction; twice is once.

        A letter of the same number, signers and proposal that says something else supersedes the one before: promises
        it repeats word for word keep what became of them, the others end as superseded.  A letter that says the same
        (another file of it) is linked to the first and brings no second row.  One that may be an earlier one again, as
        its ``text`` tells, brings none before a person has answered (see ``decide_lookalike``).  The same letter under
        other rules adds what is new and withdraws what nobody had acted on.
        """
        with self._write_history() as connection:
            letter = ledger_rows.letter_row(record, original, filed, now)
            known = connection.execute(sa.select(letters).where(letters.c.id == letter["id"])).mappings().first()
            letter["text_hash"] = text.exact if text else None
            entry = Entry(letter, now, text, text is not None and record["reader"]["ocr"])
            if known is None:
                find_place(connection, entry)
                self._insert_once(connection, letters, [letter])
                keep_text(connection, entry)
                self._note(connection, [event(letter, "enter", now, letter["document_number"])])
                self._ask(connection, entry)
            else:
                letter |= {name: known[name] for name in ("version", "supersedes", "superseded_by", "same_as", "year")}
                self._read_again(connection, dict(known), letter, record, now)
                if known["text_hash"] is None and text is not None:  # it came before letters were compared
                    mine = sa.update(letters).where(letters.c.id == letter["id"])
                    connection.execute(mine.values(text_hash=text.exact))
                    keep_text(connection, entry)
            reading = {"letter_id": letter["id"], "rules_version": letter["rules_version"]}
            self._insert_once(connection, readings, [reading | {"record_key": filed.key, "entered_at": now}])
            routes = letter["same_as"] is None and letter["superseded_by"] is None
            if routes and open_question(connection, letter["id"]) is None:
                self._enter_commitments(connection, entry, record, assignments, queued)
            connection.execute(
                sa.update(intake)
                .where(intake.c.sha256 == letter["sha256"], intake.c.state != "cleared")
                .values(state="entered", changed_at=now, code=None, message=None)
            )

    def letter_of(self, sha256: str) -> dict[str, Any] | None:
        """The letter made of this content; None when none was."""
        with self._read() as connection:
            row = connection.execute(sa.select(letters).where(letters.c.sha256 == sha256)).mappings().first()
        return dict(row) if row else None

    def find(self, wanted: str) -> dict[str, Any] | None:
        """The letter whose id, content hash, document number (its newest version) or commitment is ``wanted``."""
        by_commitment = sa.select(commitments.c.letter_id).where(commitments.c.id == wanted)
        newest_first = (letters.c.superseded_by.is_not(None), letters.c.version.desc(), letters.c.entered_at)
        with self._read() as connection:
            for condition in (
                letters.c.id == wanted,
                letters.c.sha256 == wanted,
                letters.c.document_number == wanted,
                letters.c.id.in_(by_commitment),
            ):
                query = sa.select(letters).where(condition).order_by(*newest_first).limit(1)
                row = connection.execute(query).mappings().first()
                if row:
                    return dict(row)
        return None

    def packed(self, letter_id: str, key: str, sha256: str, now: str) -> None:
        """Note the archive package of a letter and its checksum."""
        with self._write_history() as connection:
            values = {"package_key": key, "package_sha256": sha256}
            connection.execute(sa.update(letters).where(letters.c.id == letter_id).values(values))
            entry = {"letter_id": letter_id, "at": now, "by": PROGRAM, "action": "pack"}
            self._note(connection, [entry | {"changes": {name: [None, value] for name, value in values.items()}}])

    def _ask(self, connection: sa.Connection, entry: Entry) -> None:
        """Hold the letter back until a person has said whether it is the earlier one again."""
        if entry.question is None:
            return
        other_id, percent = entry.question
        row = {"letter_id": entry.letter["id"], "other_id": other_id, "percent": percent, "asked_at": entry.now}
        self._insert_once(connection, lookalikes, [row])
        self._note(connection, [event(entry.letter, "ask_lookalike", entry.now, f"{other_id}，{percent}%")])

    # -- readings -----------------------------------------------------------------------------------------------

    def _read_again(
        self,
        connection: sa.Connection,
        known: Mapping[str, Any],
        letter: Mapping[str, Any],
        record: Mapping[str, Any],
        now: str,
    ) -> None:
        """The letter is known: another version of the rules may have read it otherwise."""
        if known["rules_version"] == letter["rules_version"]:
            return
        values = {name: letter[name] for name in ("rules_version", "record_key", "problems", "fingerprint")}
        connection.execute(sa.update(letters).where(letters.c.id == letter["id"]).values(values))
        found = {statement["id"] for statement in record["statements"]}
        query = sa.select(commitments).where(commitments.c.letter_id == letter["id"], commitments.c.state == "proposed")
        gone = [row for row in connection.execute(query).mappings() if row["id"] not in found]
        why = f"按新规则（{letter['rules_version']}）重读，未再识别为承诺"
        events = [event(letter, "read", now, f"{known['rules_version']} → {letter['rules_version']}")]
        for row in gone:
            events.append(event(letter, "withdraw", now, why, row["id"], row["state"], "withdrawn"))
        self._set_state(connection, [row["id"] for row in gone], "withdrawn")
        self._note(connection, events)

    # -- commitments --------------------------------------------------------------------------------------------

    def _enter_commitments(
        self,
        connection: sa.Connection,
        entry: Entry,
        record: Mapping[str, Any],
        assignments: Sequence[Assignment],
        queued: Sequence[Notice],
    ) -> None:
        routed = {a.commitment_id: a for a in reversed(assignments)}
        # Handed over is what its lead was told of; a supporting body alone cannot carry it.
        told = {a.commitment_id for a in assignments if a.action == "notify" and a.agency_id and a.role == "lead"}
        kept = [
            (place, statement)
            for place, statement in enumerate(record["statements"], 1)
            if statement["stance"] in ("pledged", "conditional") or statement["id"] in routed
        ]
        known = _known(connection, commitments.c.id, commitments.c.letter_id == entry.letter["id"])
        events: list[dict[str, Any]] = []
        private = Private.of(record)
        for place, statement in kept:
            if statement["id"] in known:
                continue
            row = ledger_rows.commitment_row(entry.letter, place, statement, private)
            events.append(event(entry.letter, "propose", entry.now, None, row["id"], None, "proposed"))
            before = entry.inherited.pop(ledger_rows.same_words(row["quote"]), None)
            if before is not None:
                entry.heirs.add(row["id"])
                events += self._inherit(connection, entry, row, before)
            elif row["id"] in told:
                row |= {"state": "issued", "issued_on": beijing_day(entry.now).isoformat(), "light": "green"}
                why = routed[row["id"]].reason or None
                events.append(event(entry.letter, "issue", entry.now, why, row["id"], "proposed", "issued"))
            entry.rows.append(row)
        self._insert_once(connection, commitments, _even(entry.rows))
        self._insert_once(connection, owners, entry.owners)
        fresh = {row["id"] for row in entry.rows} - entry.heirs
        self._insert_around(connection, entry, record, assignments, queued, fresh)
        events += self._end_unrepeated(connection, entry)
        self._note(connection, events)

    def _insert_around(
        self,
        connection: sa.Connection,
        entry: Entry,
        record: Mapping[str, Any],
        assignments: Sequence[Assignment],
        queued: Sequence[Notice],
        fresh: set[str],
    ) -> None:
        """Owners, questions and notices of the commitments that are new."""
        statements = [statement for statement in record["statements"] if statement["id"] in fresh]
        self._insert_once(connection, owners, [r for s in statements for r in ledger_rows.owner_rows(s, assignments)])
        asked = [a for a in assignments if a.commitment_id in fresh and (a.action == "review" or a.agency_id is None)]
        self._insert_once(connection, unresolved, [ledger_rows.question_row(a, entry.now) for a in asked])
        rows = [ledger_rows.notice_row(n, entry.now, entry.letter["id"]) for n in queued if n.commitment_id in fresh]
        self._insert_once(connection, notices, rows)

    def _inherit(
        self, connection: sa.Connection, entry: Entry, row: dict[str, Any], before: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The new version says the same again: the new row goes on where the old one stands."""
        row |= {name: before[name] for name in _INHERITED}
        row |= {"lead_agency_id": before["lead_agency_id"], "lead_name": before["lead_name"]}
        values = {"state": "superseded", "superseded_by": row["id"], "version": before["version"] + 1}
        connection.execute(sa.update(commitments).where(commitments.c.id == before["id"]).values(values))
        held = connection.execute(sa.select(owners).where(owners.c.commitment_id == before["id"])).mappings()
        entry.owners += [dict(owner) | {"commitment_id": row["id"]} for owner in held]
        number = entry.letter["document_number"]
        old, why = (before["id"], before["state"], "superseded"), f"答复重新印发：{number}"
        new, because = (row["id"], "proposed", row["state"]), f"承接{before['id']}的办理情况"
        return [
            event(entry.letter, "supersede", entry.now, why, *old),
            event(entry.letter, "inherit", entry.now, because, *new),
        ]

    def _end_unrepeated(self, connection: sa.Connection, entry: Entry) -> list[dict[str, Any]]:
        """What the new version no longer promises ends as superseded, without a successor."""
        ended = list(entry.inherited.values())
        self._set_state(connection, [row["id"] for row in ended], "superseded")
        why = f"答复重新印发：{entry.letter['document_number']}，本项不再列入"
        return [event(entry.letter, "supersede", entry.now, why, r["id"], r["state"], "superseded") for r in ended]

    def _set_state(self, connection: sa.Connection, ids: Sequence[str], state: str) -> None:
        if ids:
            values = {"state": state, "version": commitments.c.version + 1}
            connection.execute(sa.update(commitments).where(commitments.c.id.in_(ids)).values(values))


def event(
    letter: Mapping[str, Any],
    action: str,
    now: str,
    why: str | None,
    commitment_id: str | None = None,
    from_state: str | None = None,
    to_state: str | None = None,
) -> dict[str, Any]:
    return {
        "letter_id": letter["id"],
        "commitment_id": commitment_id,
        "at": now,
        "by": PROGRAM,
        "action": action,
        "why": why,
        "from_state": from_state,
        "to_state": to_state,
    }


def _known(connection: sa.Connection, column: sa.Column[Any], condition: sa.ColumnElement[bool]) -> set[str]:
    return set(connection.scalars(sa.select(column).where(condition)))


def _even(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one INSERT must name the same columns."""
    names = {name for row in rows for name in row}
    return [dict.fromkeys(names) | row for row in rows]
