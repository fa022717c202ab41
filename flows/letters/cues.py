"""Finds the wordings that speak of a stance, all in one pass, and says what those of each clause say together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
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


class Said(NamedTuple):
    """What a clause's cues say together.

    ``voice`` is the stance they speak for most loudly ("-" for none), ``bold`` a promise that is loud; ``looks_ahead``:
    the rest of the paragraph does too; ``reports`` and ``supposes``: the rest of the sentence is a report, hangs on a
    condition; ``turns``: a report before it ends here; ``asks``: what follows is asked for; ``apart``: belongs to no
    statement; ``joins``: the stances it goes with when it stands before them; ``says`` all voices, bare resolve left out;
    ``spoken``: the weight of the loudest cue of a stance.
    """

    ids: tuple[str, ...]
    voice: str
    bold: bool
    looks_ahead: bool
    reports: bool
    supposes: bool
    turns: bool
    asks: bool
    apart: bool
    joins: frozenset[str]
    says: frozenset[str]
    spoken: float


SILENT = "-"
_VOICES = ("pledged", "conditional", "ongoing", "declined", "done", "none")
_TURNS = frozenset({"pledged", "conditional", "ongoing", "declined"})
_STANCES = _TURNS | {"done"}
_APART = frozenset({"proposal_says", "courtesy", "ask"})
# A promise this loud ("将继续") is none of the past, whatever the sentence told before.
_PLAIN = 2.5


@lru_cache(maxsize=16384)
def said_by(ids: tuple[str, ...]) -> Said:
    """What the cues of these ids, in text order, say together."""
    cues = [cue_called(name) for name in ids]
    sums: dict[str, float] = {}
    for cue in cues:
        sums[cue.says] = sums.get(cue.says, 0.0) + cue.weight
    voices = [says for says in _VOICES if says in sums]
    wide = [cue.says for cue in cues if cue.reach == "sentence"]
    return Said(
        ids,
        voice=max(voices, key=sums.__getitem__, default=SILENT),
        bold=sums.get("pledged", 0.0) >= _PLAIN,
        looks_ahead="paragraph" in [cue.reach for cue in cues],
        reports="done" in wide,
        supposes="conditional" in wide,
        turns="done" not in sums and not _TURNS.isdisjoint(sums),
        asks="ask" in ids,
        apart=not _APART.isdisjoint(ids),
        joins=frozenset().union(*[cue.joins for cue in cues]),
        says=frozenset([cue.says for cue in cues if cue.id != "resolve"]),
        spoken=max([cue.weight for cue in cues if cue.says in _STANCES], default=0.0),
    )


NOTHING_SAID = Said((), SILENT, False, False, False, False, False, False, False, frozenset(), frozenset(), 0.0)
_START = itemgetter(1)


def cues_in(bare: str, clauses: Sequence[Clause]) -> list[Said]:
    """What each clause's cues say; ``bare`` is the text without what it quotes.

    ``clauses`` stand in text order.  Time is linear in the text: every pattern's look is bounded.
    """
    found = [NOTHING_SAID] * len(clauses)
    if not clauses:
        return found
    automaton, rows = _automaton()
    offset, last = clauses[0].start, len(clauses) - 1
    matches = automaton.find_matches_as_indexes(bare[offset : clauses[-1].end], overlapping=True)
    # They come in the order of their ends; turned round and sorted (stable) by their starts, the longest stands first.
    matches.reverse()
    matches.sort(key=_START)
    at, taken = 0, 0
    begins, ends, _ = clause = clauses[0]
    ids: list[str] = []
    for index, start, end in matches:
        start += offset
        if start < taken:
            continue
        if ends <= start and at < last:
            if ids:
                found[at], ids = said_by(tuple(ids)), []
            while ends <= start and at < last:
                at += 1
                begins, ends, _ = clause = clauses[at]
        end += offset
        if start < begins or end > ends:
            continue
        candidates = rows[index]
        if not candidates:
            taken = end
        for name, bound in candidates:
            if bound is None or _holds(bound, bare, clause, start, end):
                ids.append(name)
                taken = end
                break
    if ids:
        found[at] = said_by(tuple(ids))
    return found


def cues_of(text: str) -> tuple[str, ...]:
    """The ids of the cues in ``text``, taken as one clause."""
    return cues_in(text, [Clause(0, len(text), "")])[0].ids


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


# The cues a wording may be, with the cue itself where more than the wording decides.
_Row = tuple[tuple[str, Cue | None], ...]


@cache
def _automaton() -> tuple[AhoCorasick, tuple[_Row, ...]]:
    """The automaton over every wording, and each wording's row (empty for a decoy)."""
    wordings: dict[str, list[Cue]] = {}
    for cue, row in zip(all_cues(), load_table("cues")["cue"], strict=True):
        for wording in row["surfaces"]:
            wordings.setdefault(wording, []).append(cue)
    for row in load_table("cues")["cue"]:
        for decoy in row.get("decoys", ()):
            wordings.setdefault(decoy, [])
    automaton = AhoCorasick(list(wordings), matchkind=MatchKind.Standard)
    return automaton, tuple(tuple((cue.id, None if cue.plain else cue) for cue in cues) for cues in wordings.values())
