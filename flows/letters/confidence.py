"""How sure each field of a statement is: the measured share of right answers among cases like it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import NamedTuple

from flows.letters.deadlines import Dated
from flows.letters.model import COMMITMENT_STANCES, Draft, Quantity
from flows.letters.owners import Owned
from flows.letters.rules.load import load_table

Bins = Sequence[Sequence[float]]

_LEAST = itemgetter(0)
_DIGIT = re.compile("[0-9]")


class Cases(NamedTuple):
    """What is known of a statement's reliability before it is measured: its stance's own score, and a case a field."""

    stance: str
    score: float
    owner: str
    deadline: str
    quantities: str


class Sure(NamedTuple):
    """``fields`` holds (field, 0..1) for stance, owner, deadline and quantities; ``overall`` is for all of them."""

    overall: float
    fields: tuple[tuple[str, float], ...]


def cases_of(draft: Draft, said: str, whose: Owned, dated: Dated, counted: Sequence[Quantity]) -> Cases:
    """The cases of a statement whose folded text is ``said``."""
    unknown = bool(whose.owners) and whose.owners[0].name is None
    none = "none_with_digits" if _DIGIT.search(said) else "none_without_digits"
    return Cases(
        draft.stance,
        draft.confidence,
        f"{whose.way}_unknown" if unknown else whose.way,
        _deadline_case(dated, none),
        none if not counted else "one" if len(counted) == 1 else "several",
    )


def sure_of(cases: Cases) -> Sure:
    """The reliabilities that rules/confidence.toml gives to the cases."""
    leasts, rights = _stance_bins(cases.stance)
    stance = rights[max(0, bisect_right(leasts, cases.score) - 1)]
    return _sure(kind_of(cases.stance), stance, cases.owner, cases.deadline, cases.quantities)


def kind_of(stance: str) -> str:
    """Which table of overall reliabilities holds: what enters the ledger is measured apart from the rest."""
    return "commitment" if stance in COMMITMENT_STANCES else "other"


@cache
def _stance_bins(stance: str) -> tuple[list[float], list[float]]:
    """The least scores of the stance's bins and their reliabilities, as ``in_bins`` reads them."""
    bins = load_table("confidence")["stance"][stance]
    return [least for least, _ in bins], [right for _, right in bins]


@lru_cache(maxsize=4096)
def _sure(kind: str, stance: float, owner: str, deadline: str, quantities: str) -> Sure:
    table = load_table("confidence")
    fields = (
        ("stance", stance),
        ("owner", table["owner"].get(owner, table["owner"]["other"])),
        ("deadline", table["deadline"].get(deadline, table["deadline"]["other"])),
        ("quantities", table["quantities"].get(quantities, table["quantities"]["other"])),
    )
    return Sure(in_bins(table["overall"][kind], product(value for _, value in fields)), fields)


def product(values: Iterable[float]) -> float:
    result = 1.0
    for value in values:
        result *= value
    return result


def in_bins(bins: Bins, raw: float) -> float:
    """The reliability of the bin that ``raw`` falls into; ``bins`` are [least raw value, reliability], rising."""
    return bins[max(0, bisect_right(bins, raw, key=_LEAST) - 1)][1]


def _deadline_case(dated: Dated, none: str) -> str:
    if dated.deadline is None:
        return none
    if dated.problems:
        return "doubtful"
    if dated.deadline.day is None:
        return "vague"
    if dated.deadline.span is None:
        return "inherited"
    return "only_one" if dated.candidates == 1 else "one_of_several"
