"""Whom the directory means by the words of a letter."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from flows.letters.agencies import Agency, Directory
from flows.letters.bodies import Body
from flows.letters.model import Owner, OwnerBasis, OwnerRole, Problem, ReplyLetter, Span
from flows.letters.owner_wording import owner_wording

_LOOK_BACK = 40  # bodies among which 该局 finds the one it means


class Names:
    """One letter's bodies, resolved where the letter was written."""

    def __init__(
        self, letter: ReplyLetter, bodies: Sequence[Body], directory: Directory, jurisdiction: str | None = None
    ) -> None:
        self._text = letter.text.text
        self._issuers, self._addressees = letter.header.issuers, letter.header.addressees
        self._directory = directory
        self._day = letter.header.date
        self._place = directory.jurisdiction_of(self._issuers, self._text) or jurisdiction
        self._bodies = bodies
        self._starts = [body.start for body in bodies]
        self._resolved: dict[str, Agency | None] = {}
        self._wording = owner_wording()

    def owners(self, body: Body, role: OwnerRole, basis: OwnerBasis) -> list[Owner]:
        """The body as an owner; 我们 of a letter with several writers is all of them, the first as lead.

        A writer that calls itself 我局 is known from the letter's head, not from its name: basis ``issuer``.
        """
        if basis == "named" and body.kind in ("self", "all"):
            basis = "issuer"
        span = Span(body.start, body.end)
        mention = span.quote(self._text)
        if body.kind == "all" and len(self._issuers) > 1:
            return [
                _owner(mention, self.agency(issuer), "lead" if index == 0 else "support", basis, span)
                for index, issuer in enumerate(self._issuers)
            ]
        return [_owner(mention, self._meant(body), role, basis, span)]

    def writer(self) -> Owner:
        """The first who signs, for a statement that names nobody and that nobody governs."""
        return _owner("", self.agency(self._issuers[0]) if self._issuers else None, "lead", "issuer", None)

    def is_writer(self, body: Body) -> bool:
        """Whether the body is one of those who sign, by whatever name."""
        agency = self._meant(body)
        return agency is not None and any(self.agency(issuer) == agency for issuer in self._issuers)

    def writer_governs_others(self) -> bool:
        """Whether the letter is a government's, which can tell its bureaus what to do."""
        return bool(self._issuers) and self._wording.government.search(self._issuers[0]) is not None

    def key(self, body: Body) -> str:
        """Equal for two bodies that are the same one; "" for the writer."""
        if body.kind in ("self", "all"):
            return ""
        agency = self._meant(body)
        return agency.name if agency else body.said

    def agency(self, said: str) -> Agency | None:
        if said not in self._resolved:
            found = self._directory.resolve(said, self._place, self._day)
            # 县财政 is said for 县财政局.
            self._resolved[said] = found or self._directory.resolve(said + self._wording.office, self._place, self._day)
        return self._resolved[said]

    def problem(self, owner: Owner, body: Body) -> Problem | None:
        """What a person is told of a body that the directory does not have, or that has not been called so for long."""
        if owner.name is not None:
            return self._old_name(owner)
        # 有关部门 is like none in particular.
        said = _unknown(self._directory, owner.mention, self._place, body.kind in ("named", "place"))
        return Problem("agency_unknown", said, owner.span)

    def _old_name(self, owner: Owner) -> Problem | None:
        if self._day is None or not self._directory.has_dated_names:
            return None
        old = self._directory.old_name(owner.mention, self._place, self._day)
        if old is None or old[0].id != owner.agency_id or self._day - old[1] <= self._wording.old_name_after:
            return None
        ended = old[1]
        said = self._wording.old_name.format(
            mention=owner.mention, name=owner.name, year=ended.year, month=ended.month, day=ended.day
        )
        return Problem("agency_old_name", said, owner.span)

    def _meant(self, body: Body) -> Agency | None:
        if body.kind in ("self", "all"):
            return self.agency(self._issuers[0]) if self._issuers else None
        if body.kind == "area":
            return self._government(body.said[-1]) if body.said.startswith("我") else self._own_government(body.said[0])
        if self._issuers and (body.kind in ("kind", "back") or body.said in self._wording.shortened):
            writer = self.agency(self._issuers[0])
            ends = (body.said, self._wording.shortened.get(body.said, body.said))
            if writer is not None and any(name.endswith(ends) for name in (writer.name, *writer.aliases)):
                return writer  # 街道将…, in the street's own letter
        if body.kind == "back":
            return self._before(body)
        if self._addressees and self._wording.addressed.fullmatch(body.said):
            return self.agency(self._addressees[0])
        return self.agency(body.said)

    def _own_government(self, level: str) -> Agency | None:
        """乡里 in the letter of a township: the writer itself, else the government above it."""
        writer = self.agency(self._issuers[0]) if self._issuers else None
        if writer is not None and writer.name.endswith(tuple(level + name for name in self._wording.governments)):
            return writer
        return self._government(level)

    def _government(self, level: str) -> Agency | None:
        """我市 in a district bureau's letter: the government of the city that the district lies in."""
        for place in self._directory.places.above(self._place) if self._place else ():
            if place.endswith(level):
                for name in self._wording.governments:
                    agency = self._directory.resolve(level + name, place)
                    if agency is not None:
                        return agency
        return None

    def _before(self, body: Body) -> Agency | None:
        """该局: the nearest body before it whose name ends alike; the writer says 我局."""
        kind = body.said[-1]
        index = bisect_left(self._starts, body.start)
        for other in reversed(self._bodies[max(0, index - _LOOK_BACK) : index]):
            if other.kind not in ("named", "place"):
                continue
            agency = self.agency(other.said)
            if other.said.endswith(kind) or (agency is not None and agency.name.endswith(kind)):
                return agency
        return None


def _owner(mention: str, agency: Agency | None, role: OwnerRole, basis: OwnerBasis, span: Span | None) -> Owner:
    return Owner(mention, agency.name if agency else None, agency.id if agency else None, role, basis, span)


@lru_cache(maxsize=4096)
def _unknown(directory: Directory, mention: str, place: str | None, suggest: bool) -> str:
    """What is said of a name that nobody bears.

    Letters of one site miss the same names again and again, and looking for alike ones is dear.
    """
    wording = owner_wording()
    alike = directory.suggest(mention, place)[:3] if suggest else []
    names = "、".join(agency.name for agency in alike)
    message = wording.unknown_with if names else wording.unknown
    return message.format(mention=mention, names=names)
