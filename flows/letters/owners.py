"""Who must do it: the bodies a statement names, else those that govern it, else the writer of the letter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from flows.letters.agencies import Directory
from flows.letters.bodies import Body, bodies_in
from flows.letters.model import COMMITMENT_STANCES, Draft, Owner, OwnerBasis, Problem, ReplyLetter, Span
from flows.letters.owner_labels import Labelled, gaps_in, labelled, of_cells
from flows.letters.owner_names import Names
from flows.letters.owner_roles import ACTING, Group, groups_in
from flows.letters.owner_stating import Members, has_lead, led, nearest, stated
from flows.letters.owner_wording import owner_wording


class Owned(NamedTuple):
    """The owners of one statement, lead first, doubts about a commitment's, and how they were found.

    ``way`` names the evidence (label, named, sentence, list, paragraph, section, heading, issuer) and ``trailing`` the
    labels printed behind the statement (牵头单位…；完成时限…), "" where there are none.
    """

    owners: tuple[Owner, ...]
    problems: tuple[Problem, ...]
    way: str
    trailing: str = ""


class _Found(NamedTuple):
    """Bodies with their roles, before the directory is asked."""

    members: Members
    way: str
    basis: OwnerBasis


_REACH = 1500  # characters within which one thing in a letter governs another
_MOST = 24  # owners of one statement
_NOBODY = _Found((), "issuer", "issuer")


def assign(
    letter: ReplyLetter, view: str, drafts: Sequence[Draft], directory: Directory, jurisdiction: str | None = None
) -> tuple[Owned, ...]:
    """The owners of every draft, in the drafts' order; ``view`` is the letter's text in simplified script.

    ``jurisdiction`` holds where the letter does not show its own.
    """
    reading = _Reading(letter, view, directory, jurisdiction)
    return tuple([reading.owners_of(draft) for draft in drafts])


def governs(view: str, lead_in: Span) -> bool:
    """Whether a lead-in governs the items behind it: its sentence goes on in them, or announces them."""
    if view[lead_in.end : lead_in.end + 1] in ("：", "，", ""):
        return True
    return owner_wording().announces.search(view, lead_in.start, lead_in.end) is not None


class _Reading:
    """One letter: its bodies and what they do."""

    def __init__(self, letter: ReplyLetter, view: str, directory: Directory, jurisdiction: str | None) -> None:
        self._letter, self._view = letter, view
        self._wording = owner_wording()
        self._bodies = bodies_in(view, directory)
        self._names = Names(letter, self._bodies, directory, jurisdiction)
        self._labels = labelled(view, self._bodies)
        self._label_starts = [block.start for block in self._labels]
        self._gaps = gaps_in(view)
        self._groups = _outside(groups_in(view, _between(self._bodies, *_asked(letter))), self._labels)
        self._starts = [group.start for group in self._groups]
        self._doers: dict[int, tuple[Body | None, Body | None]] = {}
        self._of_writer = Owned((self._names.writer(),), (), "issuer")

    def owners_of(self, draft: Draft) -> Owned:
        block = self._block(draft) if self._labels else None
        found = self._found(draft, block)
        if found is _NOBODY and block is None:
            return self._of_writer
        owners: dict[str, Owner] = {}
        problems: list[Problem] = []
        for body, role in found.members[:_MOST]:
            for owner in self._names.owners(body, role, found.basis):
                called = owner.name or owner.mention
                if called in owners:
                    continue
                owners[called] = owner
                if draft.stance in COMMITMENT_STANCES and (problem := self._names.problem(owner, body)) is not None:
                    problems.append(problem)
        everybody = tuple(owners.values())
        if "lead" not in [owner.role for owner in everybody]:
            writers = self._of_writer.owners
            names = [owner.name for owner in writers if owner.name is not None]
            everybody = (*writers, *[owner for owner in everybody if owner.name not in names])
        trailing = self._letter.text.text[block.start : block.end] if block else ""
        return Owned(everybody, tuple(problems), found.way, trailing)

    def _found(self, draft: Draft, block: Labelled | None) -> _Found:
        if block is not None and has_lead(block.members):
            return _Found(block.members, "label", "named")
        start, end = draft.span.start, draft.span.end
        if self._gaps and bisect_left(self._gaps, start) < bisect_left(self._gaps, end):
            cells = of_cells(self._view, draft.span, self._bodies)
            if cells:
                return _Found(cells, "label", "named")
        within = self._groups_in(start, end)
        here = stated(self._view, within, start)
        if has_lead(here):
            return _Found(self._headed(draft) or here, "named", "named")
        inherited = self._inherited(draft)
        if inherited.way == "issuer" and self._names.writer_governs_others():
            told = next((group for group in within if group.says == "told"), None)
            if told is not None:
                return _Found((*led(told), *here), "named", "named")
        if here:
            kept = tuple(member for member in inherited.members if member[1] == "lead")
            return inherited._replace(members=(*kept, *here))
        return inherited

    def _headed(self, draft: Draft) -> Members:
        """在X的牵头下，我们将…: whoever is headed so supports, also where the statement begins behind the comma."""
        begin = max(draft.sentence.start, draft.span.start - _REACH)
        first = bisect_left(self._starts, begin)
        if first == len(self._groups) or self._groups[first].says != "headed":
            return ()
        return stated(self._view, self._groups_in(begin, draft.span.end))

    def _groups_in(self, start: int, end: int) -> tuple[Group, ...]:
        first = bisect_left(self._starts, start)
        return self._groups[first : bisect_left(self._starts, end, first)] if start < end else ()

    # -- what governs a statement that names nobody ------------------------------------------------------------------

    def _inherited(self, draft: Draft) -> _Found:
        start = draft.span.start
        near = start - _REACH
        earlier_here = self._groups_in(max(draft.sentence.start, near), start)
        if earlier_here:
            sentence = stated(self._view, nearest(self._view, earlier_here, start))
            if has_lead(sentence):
                return _Found(sentence, "sentence", "ellipsis")
        floor = max(self._view.rfind("\n", max(near, 0), start) + 1, near)
        if draft.item is not None:
            floor = max(floor, self._item_start(draft, floor))
        found = self._following(draft) or self._earlier(floor, draft.sentence.start) or self._of_list(draft)
        if found is None and not (draft.stance == "declined" and self._names.writer_governs_others()):
            found = self._of_section(draft)  # a government's refusals are its own, whichever bureau acts in the section
        return found or _NOBODY

    def _following(self, draft: Draft) -> _Found | None:
        """What is reported and whose doer the next clause names: …正在推进，由X牵头."""
        if draft.stance in COMMITMENT_STANCES:
            return None
        end = min(draft.sentence.end, draft.span.end + _REACH)
        stop = self._view.find("，", draft.span.end + 1, end)
        groups = self._groups_in(draft.span.end, stop if stop >= 0 else end)
        # Who acts behind a refusal does something else: 渡口不能撤，X已另派船….
        tells = ("agent", "leads") if draft.stance == "declined" else ACTING
        first = next((group for group in groups if group.says in tells), None)
        return _Found(led(first)[:1], "sentence", "ellipsis") if first else None

    def _item_start(self, draft: Draft, floor: int) -> int:
        if draft.item is None or draft.item.first:
            return draft.sentence.start
        at = self._view.rfind(draft.item.enumerator, floor, draft.sentence.start)
        return floor if at < 0 else at

    def _earlier(self, floor: int, stop: int) -> _Found | None:
        """The nearest earlier doer of the paragraph: its lead alone governs on.

        Beyond a full stop it governs only what goes on about the same: a sentence without a topic of its own.
        """
        acting = [group for group in self._groups_in(floor, stop) if group.acts and group.members[0].kind != "area"]
        if not acting:
            return None
        full_stop = max([self._view.rfind(mark, floor, stop) for mark in "。！？"])
        for group in reversed(acting):
            if group.start < full_stop and not self._goes_on(group, stop):
                return None
            body = group.members[0]
            if self._wording.above_all.search(body.said) and not self._names.is_writer(body):
                continue
            return _Found(((body, "lead"),), "paragraph", "ellipsis")
        return None

    def _goes_on(self, group: Group, start: int) -> bool:
        """该规划明确… goes on about the sentence before; 下一步，将… goes on about its subject, not about "由X…"."""
        if self._wording.points_at.match(self._view, start):
            return True
        if group.says == "agent":
            builds = self._wording.builds_on.match(self._view, group.end)
            return builds is not None and self._wording.works_on.match(self._view, start) is not None
        return self._wording.goes_on.match(self._view, start) is not None

    def _of_list(self, draft: Draft) -> _Found | None:
        if draft.item is None or draft.item.lead_in is None or not governs(self._view, draft.item.lead_in):
            return None
        members = stated(self._view, self._groups_in(draft.item.lead_in.start, draft.item.lead_in.end))
        return _Found(members, "list", "ellipsis") if has_lead(members) else None

    def _of_section(self, draft: Draft) -> _Found | None:
        """The one body that does everything in the section so far, or that its heading names."""
        if draft.section_index is None:
            return None
        section = self._letter.sections[draft.section_index]
        first, second = self._doers_of(draft.section_index)
        if first is None or first.start >= draft.sentence.start:
            return self._of_heading(section.heading_span)
        alone = second is None or second.start >= draft.sentence.start
        if not alone or draft.item is not None or first.kind != "named" or self._wording.above_all.search(first.said):
            return None
        return _Found(((first, "lead"),), "section", "section")

    def _of_heading(self, heading: Span) -> _Found | None:
        """Labels printed in a section's heading, or the body that the heading says acts."""
        index = bisect_left(self._label_starts, heading.start)
        printed = self._labels[index] if index < len(self._labels) else None
        if printed is not None and printed.start < heading.end and has_lead(printed.members):
            return _Found(printed.members, "heading", "section")
        acting = next((group for group in self._groups_in(heading.start, heading.end) if group.acts), None)
        return _Found(led(acting), "heading", "section") if acting else None

    def _doers_of(self, index: int) -> tuple[Body | None, Body | None]:
        """The first body that acts in the section, and the first other one."""
        if index not in self._doers:
            section = self._letter.sections[index]
            first = second = None
            for group in self._groups_in(section.heading_span.end, section.span.end):
                body = group.members[0]
                if not group.acts or body.kind not in ("named", "self", "all"):
                    continue
                if first is None:
                    first = body
                elif self._names.key(body) != self._names.key(first):
                    second = body
                    break
            self._doers[index] = (first, second)
        return self._doers[index]

    def _block(self, draft: Draft) -> Labelled | None:
        """The labels behind the statement, in its paragraph or at the head of the next line."""
        index = bisect_left(self._label_starts, draft.span.start)
        if index == len(self._labels):
            return None
        block = self._labels[index]
        if block.start - draft.span.end > _REACH:
            return None
        _, line_ends, behind = self._view[draft.span.end : block.start].partition("\n")
        if line_ends and behind.strip(" \u3000（(【["):
            return None
        if self._wording.next_item.search(self._view, draft.span.end, block.start):
            return None
        return block


def _asked(letter: ReplyLetter) -> tuple[int, int]:
    """Where what bodies do is asked: in the paragraphs of the letter's text, none of its head or foot."""
    parts = (*letter.body[:1], *[section.span for section in letter.sections[:1]])
    begin = min([part.start for part in parts], default=0)
    return letter.text.text.rfind("\n", 0, begin) + 1, letter.body[-1].end if letter.body else 0


def _between(bodies: tuple[Body, ...], start: int, end: int) -> tuple[Body, ...]:
    starts = [body.start for body in bodies]
    return bodies[bisect_left(starts, start) : bisect_left(starts, end)]


def _outside(groups: tuple[Group, ...], labels: Sequence[Labelled]) -> tuple[Group, ...]:
    """The groups that no label names: those do what the label says, of its own item."""
    if not labels:
        return groups
    starts = [block.start for block in labels]

    def is_labelled(group: Group) -> bool:
        index = bisect_right(starts, group.start) - 1
        return index >= 0 and group.start < labels[index].end

    return tuple(group for group in groups if not is_labelled(group))
