"""What each body does in its clause: leads, supports, is asked, is acted upon; from rules/owners.toml."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from flows.letters.bodies import Body
from flows.letters.first_characters import guarded
from flows.letters.rules.load import load_table

Says = Literal[
    "agent", "charged", "headed", "subject", "leads", "supports", "with",
    "beside", "helps", "told", "object", "none",
]
ACTING: frozenset[Says] = frozenset({"agent", "charged", "headed", "subject", "leads"})

_MARKS = re.compile(r"[，。；：！？\n]")
_LEFT, _RIGHT = 28, 16  # characters of the clause looked at on either side of a body


@dataclass(slots=True)
class Group:
    """Bodies said in one list (A、B和C; A会同B) and what they do; the first of them leads.

    ``pays``: an agent's clause speaks of money; ``past``: what an acting body does comes before the promise.  ``roles``
    are the roles printed behind the names ("" behind a name without one), empty where none is printed.
    """

    start: int
    end: int
    members: tuple[Body, ...]
    says: Says
    pays: bool = False
    past: bool = False
    roles: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        return self.says in ACTING


class RoleTable:
    """The compiled table."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.joins = re.compile(table["joins"])
        self.beside = re.compile(table["beside"])
        self.joins_acting = re.compile(table["joins_acting"])
        self.together = re.compile(table["together"])
        self.tail = re.compile(table["tail"])
        self.filler = tuple(table["filler"])
        self.counted = re.compile(table["counted"])
        self.before: dict[str, list[tuple[str, Says]]] = {}
        for row in table["before"]:
            for word in row["words"]:
                self.before.setdefault(word[-1], []).append((word, row["says"]))
        after = {row["says"]: re.compile(row["pattern"]) for row in table["after"]}
        self.leads, self.noun, self.acts = after["leads"], after["noun"], after["acts"]
        self.deed = re.compile("|".join(f"(?P<{says}>{after[says].pattern})" for says in ("headed", "supports", "leads")))
        foreign = table["foreign"]
        self.proposal = re.compile(guarded(foreign["proposal"]))
        self.condition = re.compile(r"[\s　]*" + foreign["condition"])
        self.condition_ends = re.compile(foreign["condition_ends"] + r"(?=[，。；：]|$)")
        self.opening = re.compile(table["clause"]["opening"])
        self.past = re.compile(table["clause"]["past"])
        self.before_it = re.compile(table["clause"]["before_it"])
        self.facilities = tuple(table["clause"]["facilities"])
        self.firms, self.owns = tuple(table["clause"]["firms"]), re.compile(table["clause"]["owns"])
        self.builds = re.compile(table["clause"]["builds"])
        self.must_by, self.has_the_say, self.given_by, self.guides = (
            re.compile(table["clause"][row]) for row in ("must_by", "has_the_say", "given_by", "guides")
        )
        self.passive = re.compile(table["clause"]["passive"])
        self.asks = tuple(table["asks"])
        self.levels = tuple(load_table("bodies")["levels"])
        self.money = re.compile(guarded(table["clause"]["money"]))
        self.marks = {role: re.compile(pattern) for role, pattern in table["marks"].items()}


@cache
def role_table() -> RoleTable:
    """The table, compiled once."""
    return RoleTable(load_table("owners"))


def groups_in(view: str, bodies: Sequence[Body]) -> tuple[Group, ...]:
    """Every list of bodies in ``view`` with what it does, in text order."""
    if not bodies:
        return ()
    table = role_table()
    # A line's end is a mark, so that the lines of the bodies hold every clause that is looked at.
    first, last = view.rfind("\n", 0, bodies[0].start), view.find("\n", bodies[-1].end)
    cuts = [match.start() for match in _MARKS.finditer(view, max(first, 0), last + 1 if last >= 0 else len(view))]
    found: list[Group] = []
    at = 0
    while at < len(bodies):
        stop = at + 1
        while stop < len(bodies) and _joined(table, view, bodies[stop - 1], bodies[stop]):
            stop += 1
        found.append(_group(table, view, cuts, tuple(bodies[at:stop])))
        at = stop
    return tuple(found)


def _joined(table: RoleTable, view: str, one: Body, other: Body) -> bool:
    if other.start - one.end > 14:
        return False
    between = view[one.end : other.start]
    if table.joins.fullmatch(between):
        return True
    return table.beside.fullmatch(between) is not None and table.together.match(view, other.end) is not None


def _group(table: RoleTable, view: str, cuts: list[int], members: tuple[Body, ...]) -> Group:
    start, end = members[0].start, members[-1].end
    tail = table.tail.match(view, end)
    end = tail.end() if tail else end
    index = bisect_left(cuts, start)
    clause_start = cuts[index - 1] + 1 if index else 0
    following = bisect_right(cuts, end - 1)
    clause_end = cuts[following] if following < len(cuts) else len(view)
    left = view[max(clause_start, start - _LEFT) : start]
    whole = start - _LEFT <= clause_start
    says = _function(table, view, left, whole, (clause_start, clause_end), members, end)
    printed = "（" in [view[body.end : body.end + 1] for body in members]
    roles = tuple([_printed_role(table, view, body.end) for body in members]) if printed else ()
    pays = says == "agent" and table.money.search(left) is not None
    past = says in ACTING and _comes_before(table, view, end, clause_end)
    return Group(start, end, members, says, pays, past, roles)


def _comes_before(table: RoleTable, view: str, end: int, clause_end: int) -> bool:
    """Whether what it does is over before what is promised begins: it has done so, or …后，."""
    if table.past.match(view, end):
        return True
    return view.startswith("，", clause_end) and table.before_it.search(view, end, clause_end) is not None


def _printed_role(table: RoleTable, view: str, end: int) -> str:
    if not view.startswith("（", end):
        return ""
    return next((role for role, pattern in table.marks.items() if pattern.match(view[end : end + 8])), "")


def _function(
    table: RoleTable, view: str, left: str, whole: bool, clause: tuple[int, int], members: tuple[Body, ...], end: int
) -> Says:
    if _is_foreign(table, view, left, clause, end):
        return "none"
    right = view[end : min(end + _RIGHT, clause[1] + 1)]
    near = _without_filler(table, left.rstrip(" 　")) if left else left
    said = next((says for word, says in table.before.get(near[-1:], ()) if near.endswith(word)), None)
    if said in ("agent", "charged"):
        return _by_whom(table, near, right, said)
    deed = table.deed.match(right)
    does: Any = deed.lastgroup if deed else None
    if does == "headed":
        return "headed"
    if said in ("object", "told") and near.endswith(table.asks) and table.leads.match(right):
        return "leads"
    if said is not None and not (whole and not near):
        return said
    return does or _unsaid(table, view, right, _opens(table, view, whole, clause[0], members[0].start), clause[1], members, end)


def _by_whom(table: RoleTable, near: str, right: str, said: Says) -> Says:
    """What 由 makes of a body: mostly its clause's doer."""
    if table.given_by.match(right) or (table.must_by.search(near) and table.has_the_say.match(right)):
        return "none"
    return "supports" if table.guides.match(right) else said


def _opens(table: RoleTable, view: str, whole: bool, clause_start: int, start: int) -> bool:
    """Whether what begins at ``start`` is the first thing its clause says."""
    if start == clause_start or not whole:
        return whole
    return table.opening.search(view, max(0, clause_start - 1), start) is not None


def _unsaid(
    table: RoleTable, view: str, right: str, opening: bool, clause_end: int, members: tuple[Body, ...], end: int
) -> Says:
    """What a body does that no word before or behind it says to lead or to help."""
    first = members[0]
    if opening and first.said.endswith(table.firms) and table.owns.match(view, end, clause_end):
        return "subject"
    if table.noun.match(right) or _is_built(table, view, first, end, clause_end):
        return "none"
    if opening and len(members) > 1 and table.joins_acting.search(view, first.end, members[1].start):
        return "subject"
    if (opening or len(right) > 1) and table.acts.match(right):
        return "subject"
    known = first.known or first.kind in ("self", "all", "back", "area")
    if opening and (known or first.said.startswith(table.levels)):
        return "none" if first.kind in ("place", "kind") else "subject"
    return "none"


def _without_filler(table: RoleTable, near: str) -> str:
    if near.endswith(table.filler):
        for filler in table.filler:
            near = near.removesuffix(filler)
    counted = table.counted.search(near)
    return near[: counted.start()] if counted else near


def _is_built(table: RoleTable, view: str, body: Body, end: int, clause_end: int) -> bool:
    """县图书馆将于6月建成: the house is what is promised, not who promises."""
    if not body.said.endswith(table.facilities) or table.builds.match(view, end):
        return False
    return table.passive.search(view, end, min(clause_end, end + _LEFT)) is not None


def _is_foreign(table: RoleTable, view: str, left: str, clause: tuple[int, int], end: int) -> bool:
    """What was proposed, and a condition's own actor, do nothing here."""
    if left and table.proposal.search(left):
        return True
    condition = table.condition.match(view, clause[0], end)
    if condition is None:
        return False
    ends = table.condition_ends.search(view, end, min(clause[1] + 1, end + 60))
    return ends is not None or not _waits(condition.group())


def _waits(word: str) -> bool:
    return word.strip().startswith(tuple(_waiting()))


@cache
def _waiting() -> tuple[str, ...]:
    return tuple(load_table("owners")["foreign"]["waiting"])
