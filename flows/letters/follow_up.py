"""What a step makes to be told: the notices that follow from a change, and a ledger row as the item of a notice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from flows.letters.lifecycle import Change, states
from flows.letters.masking import Private, is_person, mask_text
from flows.letters.model import Notice, NoticeKind, OwnerRole
from flows.letters.notices import notice, proposal_line
from flows.letters.routing import Bodies
from flows.letters.rules.load import load_table
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar

Row = Mapping[str, Any]
# Action → kind and stage of the notice to the lead; the office's and the proposer's papers are made below.
_TO_LEAD: dict[str, tuple[NoticeKind, str | None]] = {
    "issue": ("hand_off", None),
    "reassign": ("reassignment", None),
    "uphold": ("objection", "upheld"),
    "grant": ("extension", "granted"),
    "refuse": ("extension", "refused"),
    "return": ("returned", None),
    "withdraw": ("withdrawal", None),
}
_TO_OFFICE: dict[str, tuple[NoticeKind, str | None]] = {
    "object": ("objection", "raised"),
    "extend": ("extension", "asked"),
}


def desk(name: str) -> tuple[str, str]:
    """Agency id and name of a desk (``office``, ``proposer``) that notices go to."""
    table = load_table("notices")
    return str(table["desks"][name]), str(table["words"]["desk"][name])


def notices_of(
    change: Change, row: Row, owners: Sequence[Row], bodies: Bodies, today: date, templates: Templates | None = None
) -> tuple[Notice, ...]:
    """The notices a change calls for; ``row`` is the commitment before it, ``owners`` who had to do it before it.

    They are dated ``today``, also where the step happened before.

    Derived ids: the same step on the same version of the row gives the same notices.
    """
    return tuple(_made(change, {**row, **change.sets, "state": change.to_state}, owners, bodies, today, templates))


def _made(
    change: Change, row: Row, owners: Sequence[Row], bodies: Bodies, today: date, templates: Templates | None
) -> Iterator[Notice]:
    step = change.step
    reason = step.fields.get("reason")

    def made(
        kind: NoticeKind, stage: str | None, to: tuple[str, str], role: OwnerRole = "lead", why: str | None = reason
    ) -> Notice:
        return about(
            row, kind, to, role=role, stage=stage, day=today, occasion=f"v{change.version}", reason=why, templates=templates
        )

    if step.action in _TO_OFFICE and (step.action != "object" or change.to_state == "objected" or step.party == "owner"):
        yield made(*_TO_OFFICE[step.action], desk("office"))
    if step.action in ("issue", "reassign"):
        new = (step.fields["agency_id"], name_of(step.fields["agency_id"], bodies, step.fields.get("agency_name")))
        yield made(*_TO_LEAD[step.action], new)
        for owner in owners:
            if owner["role"] == "lead" and owner["agency_id"] != new[0]:
                yield made("objection", "moved", (owner["agency_id"], name_of(owner["agency_id"], bodies, owner["name"])))
    elif step.action in _TO_LEAD:
        for owner in owners:
            if owner["role"] == "lead" or step.action == "withdraw":
                role: OwnerRole = "lead" if owner["role"] == "lead" else "support"
                yield made(*_TO_LEAD[step.action], (owner["agency_id"], name_of(owner["agency_id"], bodies, owner["name"])), role)
    if step.action == "verify":
        yield made("completion", None, _proposers(row))
    if step.action == "fail":
        yield made("explanation", "told", _proposers(row))


def about(
    row: Row,
    kind: NoticeKind,
    to: tuple[str, str],
    *,
    day: date,
    occasion: str,
    role: OwnerRole = "lead",
    stage: str | None = None,
    reason: str | None = None,
    days_left: int | None = None,
    templates: Templates | None = None,
) -> Notice:
    """One notice about one ledger row to (agency id, name)."""
    data: dict[str, Any] = {
        "to": {"agency_id": to[0], "name": to[1]},
        "disclosure": row["disclosure"],
        "items": [item_of_row(row) | ({"days_left": days_left} if days_left is not None else {})],
    }
    if reason:
        data["reason"] = mask_text(reason, private_of(row))
    return notice(
        kind,
        data,
        subject=row["id"],
        source=f"/duban/letters/{row['letter_id']}",
        time=f"{day.isoformat()}T00:00:00+08:00",
        role=role,
        stage=stage,
        day=day.isoformat(),
        occasion=occasion,
        templates=templates,
    )


def listing(
    rows: Sequence[Row],
    kind: NoticeKind,
    to: tuple[str, str],
    *,
    day: date,
    occasion: str,
    templates: Templates | None = None,
) -> Notice:
    """One notice that lists many rows for one agency; it is as restricted as the most restricted of them."""
    data = {
        "to": {"agency_id": to[0], "name": to[1]},
        "disclosure": narrowest(row["disclosure"] for row in rows),
        "items": [item_of_row(row) for row in rows],
    }
    return notice(
        kind,
        data,
        subject=f"{kind}/{to[0]}/{occasion}",
        source="/duban/ledger",
        time=f"{day.isoformat()}T00:00:00+08:00",
        day=day.isoformat(),
        occasion=occasion,
        templates=templates,
    )


_WIDEST_FIRST = ("public_full", "public_summary", "on_request", "not_public")


def narrowest(disclosures: Iterator[str | None] | Sequence[str | None]) -> str | None:
    """The most restricted of several disclosures; None (not stated: held as not public) where one does not say."""
    held = list(disclosures)
    if not held or None in held:
        return None
    return max((one for one in held if one is not None), key=_WIDEST_FIRST.index)


def item_of_row(row: Row) -> dict[str, Any]:
    """A ledger row (commitment with its letter) as the ``item`` of a notice, contact data covered."""
    private = private_of(row)
    deadline = None
    if row["deadline_text"] or row["deadline"]:
        deadline = {
            "text": row["deadline_text"],
            "date": row["deadline"],
            "precision": row["deadline_precision"],
            "provenance": row["deadline_provenance"] or "stated",
        }
    return {
        "commitment_id": row["id"],
        "quote": mask_text(row["quote"], private),
        "place": {"page": row["page"], "span": [row["span_start"], row["span_end"]], "section": row["section"]},
        "stance": row["stance"],
        "specific": bool(row["specific"]),
        "confidence": row["confidence"],
        "lead": row["lead_name"] or row["lead_mention"],
        "support": [name for name in (row["support"] or "").split("、") if name],
        "deadline": deadline,
        "due": row["due"],
        "quantities": json.loads(row["quantities"] or "[]"),
        "state": states()[row["state"]],
        "light": row["light"],
        "extensions": row["extensions"],
        "progress": _masked(row["progress"], private),
        "done_on": row["done_on"],
        "evidence": _masked(row["evidence"], private),
        "reason": _masked(row["unfulfilled_reason"], private),
        "carried_from": row["carried_from"],
        "letter": {
            "id": row["letter_id"],
            "document_number": row["document_number"],
            "title": _masked(row["title"], private),
            "date": row["dated"],
            "issuers": json.loads(row["issuers"] or "[]"),
            "proposal": _masked(_proposal(row), private),
            "outcome": row["outcome"],
            "disclosure": row["disclosure_text"],
        },
        "original": {"name": _masked(row["original_name"], private), "sha256": row["sha256"]},
    }


def private_of(row: Row) -> Private:
    """The persons the row's letter is addressed to: covered wherever they stand in a paper for others."""
    return Private(tuple(name for name in json.loads(row["proposers"] or "[]") if len(name) > 1 and is_person(name)))


def name_of(agency_id: str, bodies: Bodies, known: str | None = None) -> str:
    """The official name of an agency; the one the ledger holds, else its id, where the directory has none."""
    body = bodies.get(agency_id)
    return body.name if body else known or agency_id


def days_left(row: Row, today: date, calendar: WorkCalendar) -> int | None:
    """Working days from today to the due day; negative when it has passed, None without one."""
    if row["due"] is None:
        return None
    due = date.fromisoformat(row["due"])
    between = calendar.between(today, due)
    # A due day behind us counts as late from the next day on, though no working day may lie between.
    return between if due >= today else min(between, -1)


def _proposers(row: Row) -> tuple[str, str]:
    agency_id, name = desk("proposer")
    return agency_id, "、".join(json.loads(row["proposers"] or "[]")) or name


def _proposal(row: Row) -> str | None:
    return proposal_line({name: row[f"proposal_{name}"] for name in ("kind", "session", "number", "title")})


def _masked(text: str | None, private: Private) -> str | None:
    return mask_text(text, private) if text else None
