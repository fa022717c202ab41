"""How sure each field of a statement is: the measured share of right answers among cases like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.letters.deadlines import Dated
from flows.letters.model import Draft, Quantity
from flows.letters.owners import Owned
from flows.letters.rules.load import load_table


@dataclass(frozen=True, slots=True)
class Sure:
    """``fields`` holds (field, 0..1) for stance, owner, deadline and quantities; ``overall`` is for all of them."""

    overall: float
    fields: tuple[tuple[str, float], ...]


def of(draft: Draft, said: str, whose: Owned, dated: Dated, counted: Sequence[Quantity]) -> Sure:
    """The reliabilities that rules/confidence.toml gives to a statement's features."""
    table = load_table("confidence")
    fields = (
        ("stance", _stance(table["stance"], draft.confidence)),
        ("owner", table["owner"][_owner_case(whose)]),
        ("deadline", table["deadline"][_deadline_case(said, dated)]),
        ("quantities", table["quantities"][_quantity_case(said, counted)]),
    )
    overall = 1.0
    for _, value in fields:
        overall *= value
    return Sure(round(overall, 3), fields)


def _stance(bins: list[list[float]], raw: float) -> float:
    """The reliability of the bin that ``raw`` falls into; ``bins`` are [least raw value, reliability], rising."""
    return next((right for least, right in reversed(bins) if raw >= least), bins[0][1])


def _owner_case(whose: Owned) -> str:
    unresolved = "unknown" if whose.owners and whose.owners[0].name is None else "known"
    return f"{whose.way}_{unresolved}"


def _deadline_case(said: str, dated: Dated) -> str:
    if dated.deadline is None:
        return "none_without_digits" if not any(char.isdigit() for char in said) else "none_with_digits"
    if dated.problems:
        return "doubtful"
    if dated.deadline.day is None:
        return "vague"
    if dated.deadline.span is None:
        return "inherited"
    return "only_one" if dated.candidates == 1 else "one_of_several"


def _quantity_case(said: str, counted: Sequence[Quantity]) -> str:
    if not counted:
        return "none_without_digits" if not any(char.isdigit() for char in said) else "none_with_digits"
    return "one" if len(counted) == 1 else "several"
