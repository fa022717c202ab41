"""When it is to be done: the day a statement names, worked out from the letter's date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from flows.letters.date_forms import DateForms, Mention, date_forms
from flows.letters.folding import Folded, fold
from flows.letters.model import Deadline, Precision, Problem, Span

_FINENESS: dict[Precision, int] = {"day": 0, "month": 1, "quarter": 2, "half": 3, "year": 4, "plan": 5, "vague": 6}

# 20个工作日 that is no deadline (压缩至…) is a quantity.
_SPANS_OF_DAYS = frozenset({"working_days", "within_days"})
_FORCELESS = frozenset({"none", "each"})


class Dated(NamedTuple):
    """What ``find`` returns: the deadline, the places of all dates (no quantity stands there), doubts, candidates."""

    deadline: Deadline | None
    taken: tuple[tuple[int, int], ...]
    problems: tuple[Problem, ...]
    candidates: int


NOTHING = Dated(None, (), (), 0)


def find(said: Folded, on: date | None, governing: Callable[[], str] = str, before: Callable[[], str] = str) -> Dated:
    """The deadline of a statement read as ``said``, in a letter of the day ``on``.

    ``governing`` gives the lead-in of the list the statement stands in: its date holds where the item names none, and
    its year is the year of the item's bare months.  ``before`` gives what the paragraph says before the statement: a
    year that a month of the same sentence was given, or that opens a sentence there, goes on too.  Both are asked only
    where they count; "" is none.
    """
    forms = date_forms()
    found = _mentions(forms, said.text, on, governing, before) if forms.may_stand_in(said.text) else []
    best = _best(forms, said.text, found, on) if found else None
    taken = tuple([(m.start, m.end) for m in found if m.force not in _FORCELESS or m.kind not in _SPANS_OF_DAYS])
    if best is None:
        inherited = None if "each" in [mention.force for mention in found] else _inherited(governing(), on)
        return Dated(inherited, taken, (), 0 if inherited is None else 1)
    deadline = Deadline(
        said.quote(best.start, best.end), best.day, best.precision, best.provenance, said.span(best.start, best.end)
    )
    return Dated(deadline, taken, _doubts(best, deadline.span), len(found))


def _mentions(
    forms: DateForms, text: str, on: date | None, governing: Callable[[], str], before: Callable[[], str]
) -> list[Mention]:
    """The dates of a statement with their force; bare months are of the year said where the statement hangs."""
    matches = forms.matches(text)
    found = forms.read(matches, on, None)
    if True in [mention.lacks_year for mention in found]:
        year = _year_of(governing(), on) or _year_before(forms, before(), on)
        found = forms.read(matches, on, year) if year else found
    return forms.ruled(text, found)


@lru_cache(maxsize=8)
def _year_of(governing: str, on: date | None) -> int | None:
    """The last year said in the lead-in, which all items of a list share."""
    forms = date_forms()
    if not governing or not forms.may_stand_in(governing):
        return None
    years = [m.year for m in forms.mentions(fold(governing).text, on, None) if m.year and m.force not in _FORCELESS]
    return years[-1] if years else None


def _year_before(forms: DateForms, before: str, on: date | None) -> int | None:
    """The year of 2025年3月底前招标；6月底前开工, or of a sentence that begins with 2025年，."""
    if not ("年" in before or "0" in before or "０" in before) or not forms.may_stand_in(before):
        return None
    text = fold(before).text
    full_stop = text.rfind("。")
    for mention in reversed(forms.mentions(text, on, None)):
        same_sentence = mention.start > full_stop and _FINENESS[mention.precision] < _FINENESS["year"]
        if mention.year and (same_sentence or forms.opens_sentence(text, mention)):
            return mention.year
    return None


@lru_cache(maxsize=8)
def _inherited(governing: str, on: date | None) -> Deadline | None:
    """The day that the lead-in gives to every item of its list."""
    forms = date_forms()
    if not governing or not forms.may_stand_in(governing):
        return None
    text = fold(governing).text
    best = _best(forms, text, forms.ruled(text, forms.mentions(text, on, None)), on)
    if best is None or best.day is None:
        return None
    return Deadline(text[best.start : best.end], best.day, best.precision, best.provenance)


def _best(forms: DateForms, text: str, found: list[Mention], on: date | None) -> Mention | None:
    """The day that bounds the whole promise: the latest of the stated ones, else the first vague word."""
    dated = _without_past([m for m in found if m.day is not None and m.force in ("full", "weak")], on)
    if len(dated) > 1:
        dated = [m for m in dated if m.force == "full"] or dated
        dated = _without_content(forms, text, dated)
        dated = [m for m in dated if True not in [_frames(m, other) for other in dated]]
    if dated:
        return max(dated, key=lambda m: (m.day or date.min, -_FINENESS[m.precision], m.start))
    vague = [m for m in found if m.force == "event" or (m.day is None and m.force == "full")]
    return vague[0]._replace(day=None, precision="vague") if vague else None


def _without_past(dated: list[Mention], on: date | None) -> list[Mention]:
    """A day before the letter's is a report, unless it is said as a bound and nothing else is left."""
    if on is None:
        return dated
    ahead = [m for m in dated if m.day is not None and m.day >= on]
    return ahead or [m for m in dated if m.bounded]


def _without_content(forms: DateForms, text: str, dated: list[Mention]) -> list[Mention]:
    """Of "年底前编制规划，明确到2030年…" the second day is the plan's, not the promise's."""
    if len(dated) < 2:
        return dated
    opened = forms.content_opens(text, dated[0].end)
    return dated if opened is None else [m for m in dated if m.start < opened]


def _frames(frame: Mention, other: Mention) -> bool:
    """``frame`` (今年, 2026年) only says the year within which ``other`` gives the day."""
    if frame.bounded or frame is other or frame.day is None or other.day is None or frame.first is None:
        return False
    return frame.first <= other.day <= frame.day and (
        _FINENESS[other.precision] < _FINENESS[frame.precision] or (other.bounded and other.day <= frame.day)
    )


def _doubts(mention: Mention, span: Span | None) -> tuple[Problem, ...]:
    return (Problem("deadline_unclear", mention.doubt, span),) if mention.doubt else ()
