"""Who must do it: the bodies a statement names, else those that govern it, else the writer of the letter."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.letters.agencies import Agency, Directory
from flows.letters.bodies import Body, bodies_in
from flows.letters.model import Draft, Owner, OwnerBasis, OwnerRole, Problem, ReplyLetter, Span
from flows.letters.owner_labels import Labelled, labelled, of_cells
from flows.letters.owner_roles import Group, groups_in
from flows.letters.owner_wording import OwnerWording, owner_wording


@dataclass(frozen=True, slots=True)
class Owned:
    """The owners of one statement, lead first, doubts about them, and how they were found.

    ``way`` names the evidence (label, named, sentence, list, paragraph, section, heading, issuer) and ``trailing`` the
    labels printed behind the statement (牵头单位…；完成时限…), "" where there are none.
    """

    owners: tuple[Owner, ...]
    problems: tuple[Problem, ...]
    way: str
    trailing: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """Bodies with their roles, before the directory is asked."""

    members: tuple[tuple[Body, OwnerRole], ...]
    way: str
    basis: OwnerBasis


def assign(letter: ReplyLetter, view: str, drafts: Sequence[Draft], directory: Directory) -> tuple[Owned, ...]:
    """The owners of every draft, in the drafts' order; ``view`` is the letter's text in simplified script."""
    reading = _Reading(letter, view, directory)
    return tuple(reading.owners_of(draft) for draft in drafts)


class _Reading:
    """One letter: its bodies, what they do, and whom the directory means by them."""

    def __init__(self, letter: ReplyLetter, view: str, directory: Directory) -> None:
        self._letter, self._view, self._directory = letter, view, directory
        self._wording = owner_wording()
        self._issuers = letter.header.issuers
        self._place = directory.jurisdiction_of(self._issuers, letter.text.text)
        self._bodies = bodies_in(view, directory)
        self._groups = groups_in(view, self._bodies)
        self._starts = [group.start for group in self._groups]
        self._labels = labelled(view, self._bodies)
        self._resolved: dict[str, Agency | None] = {}
        self._unknown: dict[str, Problem] = {}

    # -- one statement ------------------------------------------------------------------------------------------

    def owners_of(self, draft: Draft) -> Owned:
        block = self._block(draft)
        found = self._found(draft, block)
        owners: list[Owner] = []
        problems: list[Problem] = []
        for body, role in found.members:
            for owner in self._owner(body, role, found.basis):
                if all(owner.name is None or owner.name != other.name for other in owners):
                    owners.append(owner)
                    if owner.name is None and owner.mention:
                        problems.append(self._problem(owner))
        if not any(owner.role == "lead" for owner in owners):
            owners.insert(0, self._writer())
        trailing = self._letter.text.text[block.start : block.end] if block else ""
        return Owned(tuple(owners), tuple(problems), found.way, trailing)

    def _found(self, draft: Draft, block: Labelled | None) -> _Found:
        if block is not None and any(role == "lead" for _, role in block.members):
            return _Found(block.members, "label", "named")
        cells = of_cells(self._view, draft.span, self._bodies)
        if cells:
            return _Found(cells, "label", "named")
        within = self._groups_in(draft.span.start, draft.span.end)
        leads = self._stated(within)
        if any(role == "lead" for _, role in leads):
            return _Found(leads, "named", "named")
        inherited = self._inherited(draft)
        if inherited.way == "issuer" and self._writer_is_government():
            told = next((group for group in within if group.says == "told"), None)
            if told is not None:
                return _Found((*_led(told), *leads), "named", "named")
        if leads:
            kept = tuple(member for member in inherited.members if member[1] == "lead")
            return replace(inherited, members=(*kept, *leads))
        return inherited

    def _groups_in(self, start: int, end: int) -> list[Group]:
        return list(self._groups[bisect_left(self._starts, start) : bisect_left(self._starts, end)])

    def _stated(self, groups: Sequence[Group]) -> tuple[tuple[Body, OwnerRole], ...]:
        """The bodies that act in these clauses, the leading one first; without a lead, only those that support."""
        leads: list[tuple[Body, OwnerRole]] = []
        supports: list[tuple[Body, OwnerRole]] = []
        for index, group in enumerate(groups):
            if group.acts:
                if leads and group.says == "agent" and not group.pays and group.says != leads[0]:
                    leads = [*_led(group), *((body, "support") for body, _ in leads)] if self._hands_on(group) else [
                        *leads, *((body, "support") for body in group.members)]
                elif leads:
                    supports += [(body, "support") for body in group.members]
                elif group.pays and group.says == "agent" and index == 0 and self._pays_for_more(group, groups):
                    supports += [(body, "support") for body in group.members]
                else:
                    leads = _led(group)
            elif group.says == "supports":
                helped = groups[index + 1] if index + 1 < len(groups) else None
                if helped is not None and helped.says == "helps" and helped.start - group.end <= 8:
                    if group.members[0].kind in ("self", "all"):
                        leads = leads or _led(group)
                    else:
                        leads = leads or _led(helped)
                        supports += [(body, "support") for body in group.members]
                else:
                    supports += [(body, "support") for body in group.members]
            elif group.says == "with" or (group.says == "beside" and self._together(group)):
                supports += [(body, "support") for body in group.members]
        return (*leads, *supports)

    def _hands_on(self, group: Group) -> bool:
        """由B负责 behind a clause of A's: B does it."""
        return self._wording.leads.match(self._view, group.end) is not None

    def _pays_for_more(self, group: Group, groups: Sequence[Group]) -> bool:
        """所需资金由B解决 at the end of a promise of somebody else's."""
        before = self._view.rfind("，", 0, group.start)
        start = self._view.rfind("。", 0, group.start)
        return before > start

    def _together(self, group: Group) -> bool:
        return self._wording.together.match(self._view, group.end) is not None

    # -- what governs a statement that names nobody ------------------------------------------------------------------

    def _inherited(self, draft: Draft) -> _Found:
        start = draft.span.start
        sentence = self._stated(self._nearest(self._groups_in(draft.sentence.start, start), start))
        if any(role == "lead" for _, role in sentence):
            return _Found(sentence, "sentence", "ellipsis")
        following = self._following(draft)
        if following is not None:
            return following
        floor = self._view.rfind("\n", 0, start) + 1
        if draft.item is not None:
            floor = max(floor, self._item_start(draft, floor))
        earlier = self._earlier(floor, draft.sentence.start)
        if earlier is not None:
            return earlier
        if draft.item is not None and draft.item.lead_in is not None:
            lead_in = self._stated(self._groups_in(draft.item.lead_in.start, draft.item.lead_in.end))
            if any(role == "lead" for _, role in lead_in):
                return _Found(lead_in, "list", "ellipsis")
        return self._of_section(draft) or _Found((), "issuer", "issuer")

    def _nearest(self, groups: list[Group], start: int) -> list[Group]:
        """From the last doer before ``start`` on; of "X经营，我局要求其…" it is X."""
        acting = [index for index, group in enumerate(groups) if group.acts]
        if len(acting) > 1 and self._wording.points_back.search(self._view, groups[acting[-1]].end, start):
            return [groups[acting[-2]]]
        return groups[acting[-1] :] if acting else groups

    def _following(self, draft: Draft) -> _Found | None:
        """What is reported and whose doer the next clause names: …正在推进，由X牵头."""
        if draft.stance in ("pledged", "conditional"):
            return None
        stop = self._view.find("，", draft.span.end + 1, draft.sentence.end)
        groups = self._groups_in(draft.span.end, stop if stop >= 0 else draft.sentence.end)
        first = next((group for group in groups if group.acts), None)
        return _Found(tuple(_led(first)[:1]), "sentence", "ellipsis") if first else None

    def _item_start(self, draft: Draft, floor: int) -> int:
        if draft.item is None or draft.item.first:
            return draft.sentence.start
        at = self._view.rfind(draft.item.enumerator, floor, draft.sentence.start)
        return floor if at < 0 else at

    def _earlier(self, floor: int, stop: int) -> _Found | None:
        """The nearest earlier doer of the paragraph: its lead alone governs on."""
        for group in reversed(self._groups_in(floor, stop)):
            if not group.acts or group.members[0].kind == "area":
                continue
            body = group.members[0]
            if self._wording.above_all.search(body.said) and not self._is_issuer(body):
                continue
            return _Found(((body, "lead"),), "paragraph", "ellipsis")
        return None

    def _of_section(self, draft: Draft) -> _Found | None:
        """The one body that does everything in the section so far, or that its heading names."""
        if draft.section_index is None:
            return None
        section = self._letter.sections[draft.section_index]
        heading = self._groups_in(section.heading_span.start, section.heading_span.end)
        doers = [
            group.members[0]
            for group in self._groups_in(section.heading_span.end, draft.sentence.start)
            if group.acts and group.members[0].kind in ("named", "self", "all")
        ]
        names = set() if draft.item is not None else {self._name_of(body) for body in doers}
        if len(names) == 1 and doers[0].kind == "named" and not self._wording.above_all.search(doers[0].said):
            return _Found(((doers[0], "lead"),), "section", "section")
        if not doers:
            acting = next((group for group in heading if group.acts), None)
            if acting is not None:
                return _Found(tuple(_led(acting)), "heading", "section")
        return None

    # -- labels printed behind ---------------------------------------------------------------------------------------

    def _block(self, draft: Draft) -> Labelled | None:
        """The labels behind the statement, in its paragraph or at the head of the next line."""
        for block in self._labels:
            if block.start < draft.span.start:
                continue
            between = self._view[draft.span.end : block.start] if block.start > draft.span.end else ""
            lines = between.count("\n")
            if lines == 0 or (lines == 1 and not between[between.index("\n") :].strip(" \n　（(【[")):
                return block
            return None
        return None

    # -- the directory -----------------------------------------------------------------------------------------------

    def _is_issuer(self, body: Body) -> bool:
        agency = self._agency(body.said)
        return agency is not None and any(self._agency(issuer) == agency for issuer in self._issuers)

    def _writer_is_government(self) -> bool:
        return bool(self._issuers) and self._wording.government.search(self._issuers[0]) is not None

    def _name_of(self, body: Body) -> str:
        if body.kind in ("self", "all"):
            return ""
        agency = self._agency(body.said)
        return agency.name if agency else body.said

    def _agency(self, said: str) -> Agency | None:
        if said not in self._resolved:
            self._resolved[said] = self._directory.resolve(said, self._place)
        return self._resolved[said]

    def _owner(self, body: Body, role: OwnerRole, basis: OwnerBasis) -> list[Owner]:
        span = Span(body.start, body.end)
        mention = self._letter.text.text[body.start : body.end]
        if body.kind == "all" and len(self._issuers) > 1:
            return [
                self._made(mention, self._agency(issuer), "lead" if index == 0 else "support", "issuer", span)
                for index, issuer in enumerate(self._issuers)
            ]
        if body.kind in ("self", "all"):
            issuer = self._agency(self._issuers[0]) if self._issuers else None
            return [self._made(mention, issuer, role, basis, span)]
        if body.kind == "area":
            return [self._made(mention, self._government(body.said), role, basis, span)]
        if body.kind == "back":
            before = self._antecedent(body)
            return [self._made(mention, before, role, basis, span)]
        return [self._made(mention, self._agency(body.said), role, basis, span)]

    def _made(self, mention: str, agency: Agency | None, role: OwnerRole, basis: OwnerBasis, span: Span) -> Owner:
        return Owner(mention, agency.name if agency else None, agency.id if agency else None, role, basis, span)

    def _government(self, said: str) -> Agency | None:
        """我市 in a district bureau's letter: the government of the city the district lies in."""
        level = said[1:]
        for place in self._directory.places.above(self._place) if self._place else ():
            if place.endswith(level[-1]):
                for name in self._wording.governments:
                    agency = self._directory.resolve(level[-1] + name, place)
                    if agency is not None:
                        return agency
        return None

    def _antecedent(self, body: Body) -> Agency | None:
        """该局: the nearest body before it whose name ends alike; the writer is 我局, not 该局."""
        kind = body.said[-1]
        index = bisect_left([other.start for other in self._bodies], body.start)
        for other in reversed(self._bodies[:index]):
            if other.kind not in ("named", "place"):
                continue
            agency = self._agency(other.said)
            if other.said.endswith(kind) or (agency is not None and agency.name.endswith(kind)):
                return agency
        return None

    def _problem(self, owner: Owner) -> Problem:
        if owner.mention not in self._unknown:
            names = "、".join(agency.name for agency in self._directory.suggest(owner.mention, self._place)[:3])
            wording = self._wording.unknown_with if names else self._wording.unknown
            self._unknown[owner.mention] = Problem(
                "agency_unknown", wording.format(mention=owner.mention, names=names), owner.span
            )
        return replace(self._unknown[owner.mention], span=owner.span)

    def _writer(self) -> Owner:
        """The issuer, for a statement that names nobody and that nobody governs."""
        agency = self._agency(self._issuers[0]) if self._issuers else None
        return Owner("", agency.name if agency else None, agency.id if agency else None, "lead", "issuer")


def _led(group: Group) -> list[tuple[Body, OwnerRole]]:
    """The group's bodies: the first leads, unless the names say otherwise (（牵头）, （配合）)."""
    leads = [index for index, role in enumerate(group.roles) if role == "lead"]
    first = leads[0] if leads else 0
    ordered = [group.members[first], *(body for index, body in enumerate(group.members) if index != first)]
    return [(body, "lead" if index == 0 else "support") for index, body in enumerate(ordered)]
