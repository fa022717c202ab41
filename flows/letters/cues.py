"""Finds the wordings that speak of a stance, all in one pass, and says in which clause each stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Literal, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from flows.letters.clauses import Clause
from flows.letters.rules.load import load_table

Says = Literal["pledged", "conditional", "ongoing", "declined", "done", "none", "hint"]
Reach = Literal["clause", "sentence", "paragraph"]


@dataclass(frozen=True, slots=True)
class Cue:
    """A row of ``rules/cues.toml`` without its examples."""

    id: str
    says: Says
    weight: float
    pattern: re.Pattern[str] | None
    at: str
    reach: Reach
    stops: frozenset[str]
    joins: frozenset[str]
    tails: frozenset[str]
    longest_tail: int

    @property
    def plain(self) -> bool:
        """Its wordings alone decide."""
        return not self.at and not self.tails and self.pattern is None


class Hit(NamedTuple):
    """A cue at ``[start, end)`` of the text."""

    cue: Cue
    start: int
    end: int


_START = itemgetter(1)


def cues_in(bare: str, clauses: Sequence[Clause]) -> list[list[Hit]]:
    """The hits of each clause, in text order; ``bare`` is the text without what it quotes.

    ``clauses`` stand in text order.  Time is linear in the text: every pattern's look is bounded.
    """
    found: list[list[Hit]] = [[] for _ in clauses]
    if not clauses:
        return found
    automaton, rows = _automaton()
    offset, last = clauses[0].start, len(clauses) - 1
    matches = automaton.find_matches_as_indexes(bare[offset : clauses[-1].end], overlapping=True)
    # They come in the order of their ends; turned round and sorted (stable) by their starts, the longest stands first.
    matches.reverse()
    matches.sort(key=_START)
    at, taken = 0, 0
    for index, start, end in matches:
        start += offset
        end += offset
        if start < taken:
            continue
        while at < last and clauses[at][1] <= start:
            at += 1
        clause = clauses[at]
        if start < clause[0] or end > clause[1]:
            continue
        candidates = rows[index]
        if not candidates:
            taken = end
        for cue, plain in candidates:
            if plain or _holds(cue, bare, clause, start, end):
                found[at].append(Hit(cue, start, end))
                taken = end
                break
    return found


def cues_of(text: str) -> list[str]:
    """The ids of the cues in ``text``, taken as one clause."""
    return [hit.cue.id for hit in cues_in(text, [Clause(0, len(text), "")])[0]]


def _holds(cue: Cue, view: str, clause: Clause, start: int, end: int) -> bool:
    # One character may come before: 但, 并, 且 …
    if cue.at == "start" and start - clause.start > 1:
        return False
    if cue.at == "end" and end != clause.end:
        return False
    if cue.tails and not any(view[end : end + size] in cue.tails for size in range(1, cue.longest_tail + 1)):
        return False
    return cue.pattern is None or cue.pattern.match(view, start, clause.end) is not None


@cache
def all_cues() -> tuple[Cue, ...]:
    """Every cue, in the table's order."""
    return tuple(
        Cue(
            id=row["id"],
            says=row["says"],
            weight=float(row["weight"]),
            pattern=re.compile(row["pattern"]) if "pattern" in row else None,
            at=row.get("at", ""),
            reach=row.get("reach", "clause"),
            stops=frozenset(row.get("stops", ())),
            joins=frozenset(row.get("joins", ())),
            tails=frozenset(row.get("tails", ())),
            longest_tail=max(map(len, row.get("tails", [""]))),
        )
        for row in load_table("cues")["cue"]
    )


@cache
def _by_id() -> dict[str, Cue]:
    return {cue.id: cue for cue in all_cues()}


def cue_called(name: str) -> Cue:
    """The cue with this id."""
    return _by_id()[name]


@cache
def _automaton() -> tuple[AhoCorasick, tuple[tuple[tuple[Cue, bool], ...], ...]]:
    """The automaton over every wording, and the cues each wording may be (none for a decoy), with whether they are plain."""
    wordings: dict[str, list[Cue]] = {}
    for cue, row in zip(all_cues(), load_table("cues")["cue"], strict=True):
        for wording in row["surfaces"]:
            wordings.setdefault(wording, []).append(cue)
    for row in load_table("cues")["cue"]:
        for decoy in row.get("decoys", ()):
            wordings.setdefault(decoy, [])
    automaton = AhoCorasick(list(wordings), matchkind=MatchKind.Standard)
    return automaton, tuple(tuple((cue, cue.plain) for cue in cues) for cues in wordings.values())

