"""Finds the wordings that speak of a stance, all in one pass, and says what those of each clause say together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import Literal

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
    tails: re.Pattern[str] | None


@dataclass(slots=True)
class Said:
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
    clause = clauses[0]
    begins, ends = clause.start, clause.end
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
                ends = clauses[at].end
            clause = clauses[at]
            begins = clause.start
        end += offset
        if start < begins or end > ends:
            continue
        candidates = rows[index]
        if not candidates:
            taken = end
        for name, goes_on, bound in candidates:
            if bound is not None and not _well_placed(bound, bare, clause, start, end):
                continue
            if goes_on is None or goes_on(bare, start, ends):
                ids.append(name)
                taken = end
                break
    if ids:
        found[at] = said_by(tuple(ids))
    return found


def cues_of(text: str) -> tuple[str, ...]:
    """The ids of the cues in ``text``, taken as one clause."""
    return cues_in(text, [Clause(0, len(text), "")])[0].ids


def _well_placed(cue: Cue, bare: str, clause: Clause, start: int, end: int) -> bool:
    """Whether a wording of the cue stands where it must, before what must follow it."""
    # One character may come before: 但, 并, 且 …
    if cue.at == "start" and start - clause.start > 1:
        return False
    if cue.at == "end" and end != clause.end:
        return False
    return cue.tails is None or cue.tails.match(bare, end) is not None


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
            tails=re.compile("|".join(map(re.escape, row["tails"]))) if "tails" in row else None,
        )
        for row in load_table("cues")["cue"]
    )


@cache
def _by_id() -> dict[str, Cue]:
    return {cue.id: cue for cue in all_cues()}


def cue_called(name: str) -> Cue:
    """The cue with this id."""
    return _by_id()[name]


# A cue that a wording may be: its id, what must match from the wording on, the cue itself where its place counts.
_May = tuple[str, Callable[[str, int, int], object] | None, Cue | None]


@cache
def _automaton() -> tuple[AhoCorasick, tuple[tuple[_May, ...], ...]]:
    """The automaton over every wording, and each wording's row (empty for a decoy)."""
    wordings: dict[str, list[Cue]] = {}
    for cue, row in zip(all_cues(), load_table("cues")["cue"], strict=True):
        for wording in row["surfaces"]:
            wordings.setdefault(wording, []).append(cue)
    for row in load_table("cues")["cue"]:
        for decoy in row.get("decoys", ()):
            wordings.setdefault(decoy, [])
    automaton = AhoCorasick(list(wordings), matchkind=MatchKind.Standard)
    return automaton, tuple(tuple(map(_may, cues)) for cues in wordings.values())


def _may(cue: Cue) -> _May:
    return cue.id, cue.pattern.match if cue.pattern else None, cue if cue.at or cue.tails else None
