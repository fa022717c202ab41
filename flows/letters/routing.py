"""Decides who gets a commitment: each owner of each statement meets the routing rows, the first that fits decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import schemas
from flows.letters.errors import RulesError
from flows.letters.model import Assignment
from flows.letters.rules.load import load_table

_NOBODY: dict[str, Any] = {"mention": "", "name": None, "agency_id": None, "role": "lead", "basis": "issuer"}


class Body(Protocol):
    """What routing and notices need to know of an agency."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str | None: ...


class Bodies(Protocol):
    """What routing and notices ask of the agency directory."""

    def get(self, agency_id: str) -> Body | None:
        """The body with this id; None where the directory has none."""


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One row; ``conditions`` holds only the conditions the row states."""

    id: str
    conditions: tuple[tuple[str, Any], ...]
    then: Literal["notify", "review", "keep"]
    because: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """The rows in order; the last one fits everything."""

    rows: tuple[RoutingRule, ...]

    @classmethod
    def load(
        cls, site_rows: Sequence[Mapping[str, Any]] = (), review_below: float | None = None, ongoing: bool = False
    ) -> RoutingRules:
        """The shipped rows with a site's own before them; ``RulesError`` lists every fault.

        ``review_below`` is the site's threshold in the row ``unsure``; with ``ongoing`` the row that keeps ongoing
        matters out of routing does not hold.
        """
        shipped = [row for row in load_table("routing")["rule"] if not (ongoing and row["id"] == "ongoing-stays")]
        if review_below is not None:
            unsure = {"confidence_below": review_below}
            shipped = [row | {"when": unsure} if row["id"] == "unsure" else row for row in shipped]
            shipped = [row for row in shipped if row["id"] != "unsure" or review_below > 0]
        raw = [dict(row) for row in site_rows] + shipped
        faults = schemas.faults("rules/routing", {"rule": raw})
        ids = [row.get("id") for row in raw]
        faults += [f"/rule/{i}: the id {name!r} is used twice" for i, name in enumerate(ids) if name in ids[:i]]
        if raw[-1].get("when"):
            faults.append("the last row must have no conditions, so that every case has an answer")
        if faults:
            raise RulesError("routing rows are wrong:\n" + "\n".join(faults))
        return cls(tuple(_rule(row) for row in raw))

    def decide(self, case: Mapping[str, Any]) -> RoutingRule:
        """The first row all of whose conditions hold for ``case`` (see ``_case``)."""
        return next(row for row in self.rows if all(_holds(name, value, case) for name, value in row.conditions))


class RoutingPolicy(Protocol):
    """What routing asks of the site's profile."""

    @property
    def routing(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def review_below(self) -> float: ...
    @property
    def ledger_ongoing(self) -> bool: ...


def rules_of(site: RoutingPolicy) -> RoutingRules:
    """The rows as the site wants them; ``RulesError`` lists every fault of its own rows."""
    return RoutingRules.load(site.routing, site.review_below, site.ledger_ongoing)


@cache
def shipped_rules() -> RoutingRules:
    """The rows without any of a site's own."""
    return RoutingRules.load()


def route(record: Mapping[str, Any], directory: Bodies, rules: RoutingRules | None = None) -> tuple[Assignment, ...]:
    """The assignments of every statement of a record (contract shape), in text order.

    An agency is told once a statement.  Statements whose row says ``keep`` give none; a statement without any owner is
    treated as one unresolved lead.
    """
    return tuple(
        assignment
        for statement in record["statements"]
        for assignment in _of_statement(record["header"], statement, directory, rules or shipped_rules())
    )


def _of_statement(
    header: Mapping[str, Any], statement: Mapping[str, Any], directory: Bodies, rules: RoutingRules
) -> Iterator[Assignment]:
    told: set[str | None] = set()
    for owner in statement["owners"] or [_NOBODY]:
        row = rules.decide(_case(header, statement, owner, directory))
        if row.then == "keep":
            continue
        agency_id = row.to or owner["agency_id"]
        if agency_id is not None and agency_id in told:
            continue
        told.add(agency_id)
        yield Assignment(
            commitment_id=statement["id"],
            agency_id=agency_id,
            mention=owner["mention"],
            role=owner["role"],
            # A row that would notify nobody asks a person: there is no default recipient.
            action="notify" if row.then == "notify" and agency_id is not None else "review",
            rule=row.id,
            reason=row.because,
            instead_of=owner["agency_id"] if row.to and row.to != owner["agency_id"] else None,
        )


def _case(header: Mapping[str, Any], statement: Mapping[str, Any], owner: Mapping[str, Any], directory: Bodies) -> dict[str, Any]:
    """The facts a row can ask for; ``none`` where the letter or the directory does not say."""
    agency_id = owner["agency_id"]
    body = directory.get(agency_id) if agency_id is not None else None
    return {
        "stance": statement["stance"],
        "specific": statement["specific"],
        "role": owner["role"],
        "resolved": agency_id is not None,
        "agency": agency_id or "none",
        "agency_kind": (body.kind if body else None) or "none",
        "disclosure": header.get("disclosure_normalised") or "none",
        "letter_type": header["letter_type"],
        "confidence_below": statement["confidence"],
        "amount": statement["quantities"],
    }


def _holds(name: str, wanted: Any, case: Mapping[str, Any]) -> bool:
    found = case[name]
    if name == "confidence_below":
        return bool(found < wanted)
    if name == "amount":
        return any(q["unit"] == wanted["unit"] and q["value"] >= wanted["at_least"] for q in found)
    if isinstance(wanted, bool):
        return bool(found is wanted)
    return found in wanted


def _rule(row: Mapping[str, Any]) -> RoutingRule:
    return RoutingRule(row["id"], tuple(row["when"].items()), row["then"], row["because"], row.get("to"))
