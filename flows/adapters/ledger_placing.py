"""Where a letter stands among those before it: a copy, a new version, perhaps one of them again, or a letter of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from flows.adapters import ledger_rows
from flows.adapters.ledger_tables import bands, commitments, letters, lookalikes, sketches
from flows.letters.fingerprint import NEAR, Compared, Fingerprint, form_of, likeness, suspicion

PROGRAM = "program"
# A band that more letters share tells the form of many letters, not one: it is passed over, its rows beyond this many
# are never read.  So a letter costs at most 32 looks into an index and 32 * 201 keys, however many letters there are.
_MOST_OF_A_BAND = 200
_MOST_COMPARED = 50


@dataclass(slots=True)
class Entry:
    """One letter on its way in: its row, its commitments' rows, and what goes on from the version before.

    ``text``: its fingerprint, where it is known, ``recognised`` from a picture or not.  ``question``: the earlier letter
    it may be, and how alike they are in percent.  ``inherited``: the old version's commitments by their words, until a
    new one takes them over.  ``heirs``: ids of the new ones that did, ``owners``: the owners they bring along.
    """

    letter: dict[str, Any]
    now: str
    text: Fingerprint | None = None
    recognised: bool = False
    question: tuple[str, int] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    inherited: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    heirs: set[str] = field(default_factory=set)
    owners: list[dict[str, Any]] = field(default_factory=list)


def find_place(connection: sa.Connection, entry: Entry) -> None:
    """Fill in the letter's place (``same_as``, ``version``, ``supersedes``, ``superseded_by``) and the entry's question."""
    letter = entry.letter
    letter["same_as"] = _twin(connection, letter)
    if letter["same_as"] is not None:
        return
    prior = _prior(connection, letter)
    if prior is not None:
        percent = _scanned_again(connection, entry, prior["id"])
        if percent is None:
            succeed(connection, entry, prior)
        else:
            entry.question = (prior["id"], percent)
    elif entry.text is not None:
        entry.question = _nearest(connection, letter["id"], _compared(letter, entry.text, entry.recognised))


def succeed(connection: sa.Connection, entry: Entry, prior: Mapping[str, Any]) -> None:
    """The letter is a new version of ``prior``, or an older printing of it that came in late."""
    letter = entry.letter
    letter["version"] = prior["version"] + 1
    if (letter["dated"] or "") < (prior["dated"] or ""):
        # An older printing that came in late: it is kept, and superseded from the start.
        letter["superseded_by"] = prior["id"]
        return
    letter["supersedes"] = prior["id"]
    values = {"superseded_by": letter["id"]}
    connection.execute(sa.update(letters).where(letters.c.id == prior["id"]).values(values))
    rows = connection.execute(sa.select(commitments).where(commitments.c.letter_id == prior["id"])).mappings()
    entry.inherited = {ledger_rows.same_words(row["quote"]): dict(row) for row in rows if row["state"] != "superseded"}
    asked = open_question(connection, prior["id"])
    if asked is not None:  # what was asked of the old version is asked of the new one
        entry.question = (asked["other_id"], asked["percent"])
        answer = {"answer": "superseded", "answered_at": entry.now, "answered_by": PROGRAM}
        connection.execute(sa.update(lookalikes).where(lookalikes.c.letter_id == prior["id"]).values(answer))


def keep_text(connection: sa.Connection, entry: Entry) -> None:
    """Keep the letter's sketch and its bands, where no earlier letter says the same to the character."""
    if entry.text is None:
        return
    letter_id, here = entry.letter["id"], sketches.c.letter_id
    same_text = sa.select(here).join(letters, letters.c.id == here).where(letters.c.text_hash == entry.text.exact)
    if connection.execute(same_text.limit(1)).first() is not None:
        return
    row = {"letter_id": letter_id, "sketch": entry.text.sketch, "size": entry.text.size, "recognised": entry.recognised}
    connection.execute(sa.insert(sketches).values(row))
    if rows := band_rows(row):
        connection.execute(sa.insert(bands).values(rows))


def band_rows(sketch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of ``bands`` that a row of ``sketches`` brings: the index can always be made again."""
    found = Fingerprint("", sketch["sketch"], sketch["size"]).bands
    return [{"band": band, "letter_id": sketch["letter_id"]} for band in found]


def open_question(connection: sa.Connection, letter_id: str) -> dict[str, Any] | None:
    """The question about this letter that nobody has answered yet."""
    query = sa.select(lookalikes).where(lookalikes.c.letter_id == letter_id, lookalikes.c.answered_at.is_(None))
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def _twin(connection: sa.Connection, letter: Mapping[str, Any]) -> str | None:
    """The first letter that says the same: to the character, or in all that is made of it."""
    first = (letters.c.entered_at, letters.c.id)
    if letter["text_hash"] is not None:
        query = sa.select(sa.func.coalesce(letters.c.same_as, letters.c.id)).where(letters.c.text_hash == letter["text_hash"])
        found = connection.scalar(query.order_by(*first).limit(1))
        if found is not None:
            return str(found)
    said = sa.select(letters.c.id).where(letters.c.fingerprint == letter["fingerprint"], letters.c.same_as.is_(None))
    twin = connection.scalar(said.order_by(*first).limit(1))
    return None if twin is None else str(twin)


def _prior(connection: sa.Connection, letter: Mapping[str, Any]) -> dict[str, Any] | None:
    if not letter["document_number"]:
        return None
    query = sa.select(letters).where(
        letters.c.document_number == letter["document_number"],
        letters.c.issuer.is_not_distinct_from(letter["issuer"]),
        letters.c.proposal_number.is_not_distinct_from(letter["proposal_number"]),
        letters.c.superseded_by.is_(None),
        letters.c.same_as.is_(None),
    )
    held = sa.exists().where(lookalikes.c.letter_id == letters.c.id, lookalikes.c.answered_at.is_(None))
    query = query.order_by(held, letters.c.version.desc(), letters.c.entered_at, letters.c.id)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def _scanned_again(connection: sa.Connection, entry: Entry, prior_id: str) -> int | None:
    """How like the earlier letter of the same number is, in percent, where misreading may be all that tells them apart.

    A scan is not taken for a corrected re-issue unasked: it would put its misread words in the place of the right ones,
    and hand out anew what they say.
    """
    prior = next(iter(_candidates(connection, [prior_id])), None)
    if entry.text is None or prior is None or not (entry.recognised or prior["recognised"]):
        return None
    alike = likeness(entry.text, _printed(prior))
    return round(100 * alike) if alike >= NEAR else None


def _nearest(connection: sa.Connection, letter_id: str, mine: Compared) -> tuple[str, int] | None:
    """The letter a person must compare this one with, and how alike both are in percent."""
    shared, form = _sharing(connection, mine.text)
    nearest = [other for other, _ in shared.most_common(_MOST_COMPARED) if other != letter_id]
    found = _candidates(connection, nearest)
    # By their numbers, so that copies and versions of one letter are not taken for the form of many.
    own = {row["document_number"]: _printed(row) for row in found if row["same_as"] is None and row["superseded_by"] is None}
    form |= form_of(mine.text, list(own.values()))
    best: tuple[float, str] | None = None
    for row in found:  # in order of entry: of letters equally alike the first counts
        alike = suspicion(mine, _compared(row, _printed(row), row["recognised"]), form)
        if alike is not None and (best is None or alike > best[0]):
            best = (alike, row["same_as"] or row["id"])
    return None if best is None else (best[1], round(100 * best[0]))


def _sharing(connection: sa.Connection, text: Fingerprint) -> tuple[Counter[str], frozenset[int]]:
    """How many bands each letter shares with the text, and the slots of bands so common that they say nothing."""
    if not text.bands:
        return Counter(), frozenset()
    looks = [
        sa.select(bands.c.band, bands.c.letter_id)
        .where(bands.c.band == band)
        .order_by(bands.c.letter_id)
        .limit(_MOST_OF_A_BAND + 1)
        .subquery()
        for band in text.bands
    ]
    by_band: dict[int, list[str]] = {}
    for band, letter_id in connection.execute(sa.union_all(*(sa.select(look) for look in looks))):
        by_band.setdefault(band, []).append(letter_id)
    common = {band for band, found in by_band.items() if len(found) > _MOST_OF_A_BAND}
    counted = Counter(one for band, found in by_band.items() if band not in common for one in found)
    return counted, frozenset(slot for band in common for slot in (2 * (band >> 32), 2 * (band >> 32) + 1))


def _candidates(connection: sa.Connection, ids: list[str]) -> list[dict[str, Any]]:
    columns = (letters.c.document_number, letters.c.proposal_session, letters.c.proposal_number)
    query = (
        sa.select(letters.c.id, letters.c.same_as, letters.c.superseded_by, *columns)
        .add_columns(sketches.c.sketch, sketches.c.size, sketches.c.recognised)
        .join(sketches, sketches.c.letter_id == letters.c.id)
        .where(letters.c.id.in_(ids))
        .order_by(letters.c.entered_at, letters.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()] if ids else []


def _printed(row: Mapping[str, Any]) -> Fingerprint:
    return Fingerprint("", row["sketch"], row["size"])


def _compared(letter: Mapping[str, Any], text: Fingerprint, recognised: bool) -> Compared:
    return Compared(text, letter["document_number"], (letter["proposal_session"], letter["proposal_number"]), recognised)
