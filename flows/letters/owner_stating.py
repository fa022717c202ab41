"""Who acts in a run of clauses: the leading body first, then those that support it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.letters.bodies import Body
from flows.letters.model import OwnerRole
from flows.letters.owner_roles import Group
from flows.letters.owner_wording import owner_wording

Members = tuple[tuple[Body, OwnerRole], ...]

_CLAUSES = 400  # characters before a payer in which the promise stands that it pays for
_NEXT_TO = 8  # characters between A配合 and the body it helps


def led(group: Group) -> Members:
    """The group's bodies: the first leads, unless the names say otherwise (（牵头）, （配合）)."""
    first = group.roles.index("lead") if "lead" in group.roles else 0
    others = group.members[:first] + group.members[first + 1 :]
    return ((group.members[first], "lead"), *supporting(others))


def supporting(bodies: Iterable[Body]) -> Members:
    return tuple([(body, "support") for body in bodies])


def has_lead(members: Members) -> bool:
    return "lead" in [role for _, role in members]


def stated(view: str, groups: Sequence[Group], begin: int = 0) -> Members:
    """The bodies that act in these clauses, the leading one first; without a lead, only those that support.

    The clauses are of a statement that begins at ``begin``.
    """
    leads: Members = ()
    supports: list[tuple[Body, OwnerRole]] = []
    past = False  # 省厅已批复，我局将实施: the second does it
    for index, group in enumerate(groups):
        if group.acts:
            if leads and not past:
                leads, more = _further(view, leads, group)
                supports.extend(more)
            elif not leads and _ends_a_promise(view, group, begin):
                supports.extend(supporting(group.members))
            else:
                leads, past = led(group), group.past
        elif group.says == "supports":
            helped = groups[index + 1] if index + 1 < len(groups) else None
            if past and group.members[0].kind in ("self", "all"):
                leads, past = led(group), False
                continue
            leads, more = _helping(leads, group, helped)
            supports.extend(more)
        elif group.says == "with" or (group.says == "beside" and _together(view, group)):
            supports.extend(supporting(group.members))
    return (*leads, *supports)


def nearest(view: str, groups: Sequence[Group], start: int) -> Sequence[Group]:
    """From the last doer before ``start`` on; of "X经营，我局要求其…" it is X."""
    acting = [index for index, group in enumerate(groups) if group.acts]
    if len(acting) > 1 and owner_wording().points_back.search(view, groups[acting[-1]].end, start):
        return [groups[acting[-2]]]
    return groups[acting[-1] :] if acting else groups


def _further(view: str, leads: Members, group: Group) -> tuple[Members, Members]:
    """Another doer behind the first: one who was charged, or to whom it was handed on, leads from then on."""
    if group.says == "charged":
        return led(group), ()
    if group.says == "agent" and not _only_helps(view, group) and owner_wording().leads.match(view, group.end):
        # A government that decided so does not help.
        above = owner_wording().above_all
        return (*led(group), *supporting(body for body, _ in leads if not above.search(body.said))), ()
    return leads, supporting(group.members)


def _helping(leads: Members, group: Group, helped: Group | None) -> tuple[Members, Members]:
    """A配合B…: B leads, unless A is the writer, who promises what it does itself."""
    if helped is None or helped.says != "helps" or helped.start - group.end > _NEXT_TO:
        return leads, supporting(group.members)
    if group.members[0].kind in ("self", "all"):
        return leads or led(group), ()
    return leads or led(helped), supporting(group.members)


def _ends_a_promise(view: str, group: Group, begin: int) -> bool:
    """所需资金由B解决, 由B负责运营 at the end of a promise of somebody else's."""
    if group.says != "agent" or not _only_helps(view, group):
        return False
    low = max(begin, group.start - _CLAUSES)
    return view.rfind("，", low, group.start) > max(view.rfind(mark, low, group.start) for mark in "。；\n")


def _only_helps(view: str, group: Group) -> bool:
    """Whether the body pays for it or runs it afterwards."""
    return group.pays or owner_wording().afterwards.match(view, group.end) is not None


def _together(view: str, group: Group) -> bool:
    return owner_wording().together.match(view, group.end) is not None
