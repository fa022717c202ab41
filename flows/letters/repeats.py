"""Finds promises made again (年年提): pairs of commitments of different letters whose words are alike, numbers apart."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ALIKE = 0.6
_LEAST_PAIRS = 8


@dataclass(frozen=True, slots=True)
class Repeat:
    """``later`` promises again what ``earlier`` did; ``likeness`` is the share of their pairs of characters (0..1)."""

    later: str
    earlier: str
    likeness: float


def find_repeats(rows: Sequence[Mapping[str, Any]], alike: float = ALIKE) -> list[Repeat]:
    """For each commitment the most alike one of an earlier letter, where any reaches ``alike``; by id of the later one.

    Rows need ``id``, ``letter_id``, ``dated`` (ISO or None), ``quote``, ``lead_agency_id``.  A pair must not have two
    different known leads.  Exact: no pair above the threshold is missed.
    """
    ordered = sorted(rows, key=lambda row: (row["dated"] or "", row["letter_id"], row["id"]))
    grams = {row["id"]: _pairs(row["quote"]) for row in ordered}
    common = Counter(pair for held in grams.values() for pair in held)
    index: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    found = []
    for row in ordered:
        held = grams[row["id"]]
        if len(held) < _LEAST_PAIRS:
            continue
        prefix = _prefix(held, common, alike)
        candidates = {other["id"]: other for pair in prefix for other in index[pair]}
        best = _best(row, candidates, grams, alike)
        if best is not None:
            found.append(best)
        for pair in prefix:
            index[pair].append(row)
    return sorted(found, key=lambda repeat: repeat.later)


def _best(
    row: Mapping[str, Any], candidates: Mapping[str, Mapping[str, Any]], grams: Mapping[str, frozenset[str]], alike: float
) -> Repeat | None:
    best: Repeat | None = None
    for other in candidates.values():
        if not _may_repeat(row, other):
            continue
        ours, theirs = grams[row["id"]], grams[other["id"]]
        likeness = len(ours & theirs) / len(ours | theirs)
        if likeness >= alike and (best is None or (likeness, other["id"]) > (best.likeness, best.earlier)):
            best = Repeat(row["id"], other["id"], likeness)
    return best


def _may_repeat(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    if later["letter_id"] == earlier["letter_id"] or (later["dated"] or "") <= (earlier["dated"] or ""):
        return False
    leads = {later["lead_agency_id"], earlier["lead_agency_id"]} - {None}
    return len(leads) < 2


def _prefix(held: frozenset[str], common: Mapping[str, int], alike: float) -> list[str]:
    """The rarest pairs: two sets this alike must share one of them (prefix filtering)."""
    size = len(held) - math.ceil(alike * len(held)) + 1
    return sorted(held, key=lambda pair: (common[pair], pair))[:size]


def _pairs(quote: str) -> frozenset[str]:
    """Pairs of neighbouring characters, without white space, punctuation and digits: next year's number is no difference."""
    text = [char for char in unicodedata.normalize("NFKC", quote) if char.isalpha()]
    return frozenset(a + b for a, b in pairwise(text))
