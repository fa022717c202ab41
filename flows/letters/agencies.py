"""The agency directory: which body a letter means by a name, seen from the jurisdiction it writes in."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import ahocorasick_rs

from flows.letters.alike import Alike
from flows.letters.directory_file import directory_table
from flows.letters.former_names import FormerName, Terms, day_of, former_names_of
from flows.letters.places import Places, begins_with_level, level_words, segments
from flows.letters.script import simplified


@dataclass(frozen=True, slots=True)
class Agency:
    """One body; ``name`` is the official full name, ``successor`` the id of the body that took over.

    ``contact_role`` is the post that answers for it (办公室, never a person), ``escalate_to`` the id of the body told of
    what it leaves undone.  ``ended`` is the last day of a body that was merged or dissolved.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    jurisdiction: str
    kind: str | None = None
    former_names: tuple[FormerName, ...] = ()
    successor: str | None = None
    credit_code: str | None = None
    region_code: str | None = None
    channels: tuple[tuple[str, str], ...] = ()
    contact_role: str | None = None
    escalate_to: str | None = None
    ended: date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the body, today's first, each once."""
        return tuple(dict.fromkeys((self.name, *self.aliases, *(former.name for former in self.former_names))))


_MOST_SUGGESTED = 5


class Directory:
    """Every body of a site, findable by any of its names."""

    def __init__(self, agencies: Iterable[Agency], parents: dict[str, str] | None = None) -> None:
        self._by_id = {agency.id: agency for agency in agencies}
        told = repr((tuple(self._by_id.values()), sorted((parents or {}).items())))
        self.digest = hashlib.sha256(told.encode()).hexdigest()
        self.places = Places({agency.jurisdiction for agency in self._by_id.values()}, parents or {})
        self._named: dict[str, list[Agency]] = defaultdict(list)
        self._terms = Terms()
        for agency in self._by_id.values():
            for name in agency.names:
                self._named[name].append(agency)
            self._date(agency)
        self._derive()
        self._in_place: dict[tuple[str, str], list[Agency]] = defaultdict(list)
        for name, named in self._named.items():
            for agency in named:
                self._in_place[name, agency.jurisdiction].append(agency)
        self._surfaces = sorted(self._named)
        self._finder = ahocorasick_rs.AhoCorasick(self._surfaces, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        own = sorted({segments(name)[-1] for name in self.places.names})
        self._own_places = own
        self._place_finder = ahocorasick_rs.AhoCorasick(own, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)

    @classmethod
    def load(cls, *sources: Path | str | bytes) -> Directory:
        """The directory of one or more TOML files, or their bytes; the first to name a body in a place holds it.

        Raises ``RulesError`` listing every fault with its place.
        """
        agencies: dict[tuple[str, str], Agency] = {}
        parents: dict[str, str] = {}
        for source in sources:
            table = directory_table(source)
            parents |= {row["name"]: row["parent"] for row in table.get("jurisdiction", ())}
            for row in table["agency"]:
                agencies.setdefault((row["jurisdiction"], row["name"]), _agency(row))
        return cls(agencies.values(), parents)

    def __len__(self) -> int:
        return len(self._by_id)

    @cached_property
    def agencies(self) -> tuple[Agency, ...]:
        """Every body, in the directory's order."""
        return tuple(self._by_id.values())

    def get(self, agency_id: str) -> Agency | None:
        """The body with this id, None where there is none."""
        return self._by_id.get(agency_id)

    def kind_of(self, agency_id: str) -> str | None:
        """The kind of the body; None where the directory does not say."""
        agency = self._by_id.get(agency_id)
        return agency.kind if agency else None

    def resolve(self, mention: str, jurisdiction: str | None, day: date | None = None) -> Agency | None:
        """The body meant by ``mention`` in a letter of ``jurisdiction`` and ``day``; None where none or more than one fits.

        The letter's own jurisdiction comes first, then those it lies in, then those that lie in it; a body elsewhere
        must be called by a name that says where.  Of two bodies that bore a name one after the other the day decides.  A
        body that was merged gives its successor.
        """
        agency = self._bearer(mention, jurisdiction, day)
        return self._current(agency) if agency else None

    @property
    def has_dated_names(self) -> bool:
        """Whether the directory says of any name when it was borne."""
        return self._terms.any

    def old_name(self, mention: str, jurisdiction: str | None, day: date) -> tuple[Agency, date] | None:
        """The body that ``mention`` means and the last day it was called so, where that was before ``day``; else None."""
        agency = self._bearer(mention, jurisdiction, day)
        ended = self._terms.ended(self._surface(mention), agency, day) if agency else None
        return (self._current(agency), ended) if agency and ended else None

    def _bearer(self, mention: str, jurisdiction: str | None, day: date | None) -> Agency | None:
        said = self._surface(mention)
        return self._nearest(self._named.get(said, ()), jurisdiction, said, day)

    def _surface(self, mention: str) -> str:
        return mention if mention in self._named else simplified(mention, always=True)

    def suggest(self, mention: str, jurisdiction: str | None) -> list[Agency]:
        """Up to five bodies a person may have meant, the likeliest first; empty where nothing is alike."""
        wanted = simplified(mention, always=True)
        if len(wanted) < 2:
            return []
        near = self.places.above(jurisdiction) if jurisdiction else ()
        ranks = {place: rank for rank, place in enumerate(near)}
        scored = []
        for number, likeness in self._alike.to(wanted):
            agency = self.agencies[number]
            rank = ranks.get(agency.jurisdiction)
            scored.append((rank is None, -round(likeness, 3), rank or 0, agency.id))
        found: dict[str, Agency] = {}
        for *_, agency_id in sorted(scored):
            agency = self._current(self._by_id[agency_id])
            found.setdefault(agency.id, agency)
            if len(found) == _MOST_SUGGESTED:
                break
        return list(found.values())

    @cached_property
    def _alike(self) -> Alike:
        return Alike([agency.names for agency in self.agencies])

    def mentions(self, text: str) -> list[tuple[int, int, str]]:
        """Every name of a body in ``text`` (in simplified script), with its start and end, the longest at each place."""
        found = self._finder.find_matches_as_indexes(text)
        return [(start, end, self._surfaces[index]) for index, start, end in found]

    def jurisdiction_of(self, issuers: Sequence[str], text: str = "") -> str | None:
        """Where the letter was written: by its issuers, else by the place whose name it holds most often."""
        for issuer in issuers:
            named = self._named.get(issuer, [])
            if len({agency.jurisdiction for agency in named}) == 1:
                return named[0].jurisdiction
        for issuer in issuers:
            if (found := self.places.begun_by(issuer)) is not None:
                return found
        return self._most_named(issuers, text)

    def _most_named(self, issuers: Sequence[str], text: str) -> str | None:
        hits = Counter(self._own_places[index] for index, _, _ in self._place_finder.find_matches_as_indexes(text))
        able = {agency.jurisdiction for issuer in issuers for agency in self._named.get(issuer, ())}
        for place, _ in sorted(hits.items(), key=lambda item: (-item[1], item[0])):
            called = self.places.called(place)
            fitting = [name for name in called if name in able] if able else list(called)
            if len(fitting) == 1:
                return fitting[0]
        return next(iter(self.places.names)) if len(self.places.names) == 1 else None

    def _nearest(
        self, found: Sequence[Agency], jurisdiction: str | None, mention: str, day: date | None
    ) -> Agency | None:
        if not found:
            return None
        if jurisdiction is None:
            return None if begins_with_level(mention) else self._only(found, mention, day)
        for place in self.places.above(jurisdiction):
            here = self._in_place.get((mention, place))
            if here:
                return self._only(here, mention, day)
        below = frozenset(self.places.below(jurisdiction))
        inside = [agency for agency in found if agency.jurisdiction in below]
        if inside:
            return self._only(inside, mention, day)
        elsewhere = [agency for agency in found if mention == agency.name or _says_where(mention, agency)]
        return self._only(elsewhere, mention, day)

    def _only(self, fitting: Sequence[Agency], mention: str, day: date | None) -> Agency | None:
        """The one body meant; of several in one place the day may tell, of bodies in several places nothing does."""
        if len(fitting) > 1 and len({agency.jurisdiction for agency in fitting}) > 1:
            return None
        return self._terms.only(fitting, mention, day) if fitting else None

    def _current(self, agency: Agency) -> Agency:
        seen = {agency.id}
        while agency.successor and agency.successor in self._by_id and agency.successor not in seen:
            agency = self._by_id[agency.successor]
            seen.add(agency.id)
        return agency

    def _derive(self) -> None:
        """Names that follow from the official one: without the wider places, or with the level for the place."""
        derived: dict[str, list[Agency]] = defaultdict(list)
        for agency in self._by_id.values():
            for name in _shorter_names(agency.name, agency.jurisdiction):
                derived[name].append(agency)
        for name, owners in derived.items():
            # A name that the directory gives to a body of the same jurisdiction stays with it, unless either had it for a time.
            named = self._named.get(name, ())
            taken = {agency.jurisdiction for agency in named if not self._terms.dated(name, agency)}
            held = {agency.id for agency in named}
            for agency in owners:
                free = agency.jurisdiction not in taken or self._terms.dated(name, agency)
                if free and agency.id not in held:
                    held.add(agency.id)
                    self._named[name].append(agency)
        self._derive_former()

    def _derive_former(self) -> None:
        """The shorter forms of former names; one without dates yields to every other body called so in its place."""
        former: dict[str, list[Agency]] = defaultdict(list)
        for agency in self._by_id.values():
            for term in agency.former_names:
                for name in _shorter_names(term.name, agency.jurisdiction):
                    self._terms.add(name, agency, term)
                    former[name].append(agency)
        for name, owners in former.items():
            here = {(agency.jurisdiction, agency.id) for agency in self._named.get(name, ())}
            places = {place for place, _ in here}
            for agency in {agency.id: agency for agency in owners}.values():
                free = agency.jurisdiction not in places or self._terms.dated(name, agency)
                if free and (agency.jurisdiction, agency.id) not in here:
                    self._named[name].append(agency)

    def _date(self, agency: Agency) -> None:
        """Notes when the body bore the names that are not its own today."""
        for former in agency.former_names:
            self._terms.add(former.name, agency, former)
        if agency.ended is not None:
            for name in (agency.name, *agency.aliases, *_shorter_names(agency.name, agency.jurisdiction)):
                self._terms.add(name, agency, FormerName(name, None, agency.ended))


def _agency(row: dict[str, Any]) -> Agency:
    return Agency(
        id=row["id"],
        name=row["name"],
        aliases=tuple(row["aliases"]),
        jurisdiction=row["jurisdiction"],
        kind=row.get("kind"),
        former_names=former_names_of(row.get("former_names", ())),
        successor=row.get("successor"),
        credit_code=row.get("credit_code"),
        region_code=row.get("region_code"),
        channels=tuple((channel["kind"], channel["address"]) for channel in row.get("channels", ())),
        contact_role=row.get("contact_role"),
        escalate_to=row.get("escalate_to"),
        ended=day_of(row.get("until")),
    )


def _shorter_names(official: str, jurisdiction: str) -> Iterable[str]:
    parts = segments(jurisdiction)
    for first in range(len(parts)):
        tail = "".join(parts[first:])
        if official.startswith(tail) and len(official) > len(tail):
            rest = official[len(tail) :]
            for shorter in range(len(parts)):
                yield "".join(parts[shorter:]) + rest
            for word in level_words(jurisdiction):
                yield word + rest
            return


def _says_where(mention: str, agency: Agency) -> bool:
    """True where the mention begins with the agency's own place."""
    return not begins_with_level(mention) and any(mention.startswith(part) for part in segments(agency.jurisdiction))
