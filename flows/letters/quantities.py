"""How much is promised: values with unit and comparator, from rules/quantities.toml."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flows.letters.first_characters import guarded
from flows.letters.folding import Folded, Quotations
from flows.letters.model import Comparator, Quantity
from flows.letters.numerals import number
from flows.letters.rules.load import load_table

_DIGIT = "0-9一二两三四五六七八九十百千半"
# A number begins where no digit stands before it: a long row of digits is looked at once.
_NUMBER = (
    rf"[{_DIGIT}](?<![{_DIGIT}.][{_DIGIT}])"
    rf"(?:[{_DIGIT.replace('千', '')}零万亿]|千(?![米瓦克])|[.,](?=[0-9])){{0,15}}"
)
_TO = "[-—–~～至到]{1,2}"
_NEAR = 16  # how far around a number its comparator and its decoys may stand
_ASCII_DIGIT = re.compile("[0-9]")
_WORD_DIGIT = re.compile("[一二两三四五六七八九十]")  # 百 and 千 alone are as often an idiom (千家万户)
_ANY_DIGIT = re.compile(f"[{_DIGIT}]")
_ENDS_A_THING = re.compile(r"[,。;、:)！!]|$")


@dataclass(frozen=True, slots=True)
class _Decoy:
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None

    def catches(self, before: str, after: str) -> bool:
        return (self.before is None or self.before.search(before) is not None) and (
            self.after is None or self.after.match(after) is not None
        )


class _Decoys:
    """The decoys by what they look at: one side alone, both sides, numerals in words, certain words."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        of_any = [row for row in rows if not (row.get("only") or row.get("in_words"))]
        alone = [row for row in of_any if ("before" in row) != ("after" in row)]
        both = [row for row in of_any if row not in alone]
        # Those of one side are tried all at once; those of both sides only where one of them has its left side.
        self._before = _any_of(row["before"] for row in alone if "before" in row)
        self._after = _any_of(row["after"] for row in alone if "after" in row)
        self._before_of_both = _any_of(row["before"] for row in both)
        self._both = [_decoy(row) for row in both]
        self._in_words = [_decoy(row) for row in rows if row.get("in_words") and not row.get("only")]
        self._of_word: dict[str, list[_Decoy]] = {}
        for row in rows:
            for word in row.get("only", ()):
                self._of_word.setdefault(word, []).append(_decoy(row))

    def catch(self, before: str, after: str, said: str) -> bool:
        """Whether the number ``said``, its unit with it, is one of them between ``before`` and ``after``."""
        if self._after.match(after) or self._before.search(before):
            return True
        able = self._of_word.get(said, [])
        if not said[0].isascii():
            able = able + self._in_words
        if self._before_of_both.search(before):
            able = able + self._both
        return True in [decoy.catches(before, after) for decoy in able]


def _decoy(row: dict[str, Any]) -> _Decoy:
    before, after = (re.compile(guarded(row[side])) if side in row else None for side in ("before", "after"))
    return _Decoy(before, after)


class _Table:
    """The compiled table."""

    def __init__(self, table: dict[str, Any]) -> None:
        goes_on = {unit: f"(?!{pattern})" for unit, pattern in table["goes_on"].items()}
        longest_first = sorted(table["units"], key=len, reverse=True)
        units = guarded("|".join(re.escape(unit) + goes_on.get(unit, "") for unit in longest_first))
        more = table["more"]
        self.form = re.compile(
            rf"(?P<n>{_NUMBER})(?:(?P<more>{more})(?P<scale>[万亿])?)?"
            rf"(?:{_TO}(?P<n2>{_NUMBER}))?(?P<unit>{units})(?:{_TO}(?P<n3>{_NUMBER})(?P=unit))?"
        )
        money = table["money"]
        self.money = re.compile(rf"(?P<n>{_NUMBER})(?<=[万亿]){money['ends']}")
        self.money_before, self.money_unit = re.compile(money["before"]), money["unit"]
        self.percent = re.compile(rf"百分之(?P<n>{_NUMBER})")
        self.bare = re.compile("百分之|[万亿]")
        self.before: list[tuple[Comparator, re.Pattern[str]]] = [
            (row["comparator"], re.compile(guarded(row["pattern"]))) for row in table["before"]
        ]
        self.after: list[tuple[Comparator, re.Pattern[str]]] = [
            (row["comparator"], re.compile(row["pattern"])) for row in table["after"]
        ]
        self.any_before = _any_of(row["pattern"] for row in table["before"])
        self.any_after = _any_of(row["pattern"] for row in table["after"])
        self.decoys = _Decoys(table["decoy"])
        self.in_words = frozenset(table["counted_in_words"])
        self.one_in_place = frozenset(table["one_in_place"])
        self.one_of_a_series = frozenset(table["one_of_a_series"])
        self.series_before = re.compile(guarded(table["series_before"]))
        self.shy = frozenset(table["shy"])
        self.approximate = frozenset(table["approximate"])
        self.plain_after = re.compile(guarded(table["plain_after"]))
        self.marks: list[list[str]] = table["quotation"]["marks"]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(guarded("|".join(f"(?:{pattern})" for pattern in patterns)))


@cache
def _table() -> _Table:
    return _Table(load_table("quantities"))


def find(
    said: Folded, taken: Sequence[tuple[int, int]] = (), apart: Callable[[str, int, int], bool] | None = None
) -> tuple[Quantity, ...]:
    """The quantities of a statement, in text order.

    Nothing is looked for at the places ``taken`` (dates), nor where ``apart`` says that no promise is made: what must
    hold first ("报名超过20人时") is none of what is promised.
    """
    table, text = _table(), said.text
    if not _ANY_DIGIT.search(text):
        return ()
    found = _bare(table, said) if table.bare.search(text) else []
    quotations: Quotations | None = None
    places = sorted(taken)
    for match in table.form.finditer(text):
        start, end = match.span()
        said_number, more, scale, upto, unit, again = match.groups()
        upto = upto or again
        if said_number in table.approximate or (places and _meets(places, start, end)):
            continue
        quotations = quotations or Quotations(text, table.marks)
        if quotations.hold(start, end) or (apart is not None and apart(text, start, end)):
            continue
        values = [number(said_number + scale if scale else said_number), *([number(upto)] if upto else ())]
        numbers = [value for value in values if value is not None]
        if len(numbers) == len(values) and _counted(table, match, numbers[0]):
            found += _quantity(table, said, start, end, numbers, unit, match.group(), more)
    found.sort(key=lambda quantity: quantity.span.start if quantity.span else 0)
    return tuple(found)


def _bare(table: _Table, said: Folded) -> list[Quantity]:
    """The quantities without a unit: 百分之三十, and sums of money (投入资金2.3亿)."""
    text = said.text
    found: list[Quantity] = []
    for match in table.percent.finditer(text):
        value = number(match.group("n"))
        if value is not None:
            found += _quantity(table, said, match.start(), match.end(), [value], "%", match.group())
    for match in table.money.finditer(text):
        value = number(match.group("n"))
        if value is not None and table.money_before.search(text, max(0, match.start() - _NEAR), match.start()):
            found += _quantity(table, said, match.start(), match.end(), [value], table.money_unit, match.group())
    return found


def _meets(places: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether ``[start, end)`` touches one of the ``places``, which are sorted and apart."""
    index = bisect_left(places, (end, 0)) - 1
    return index >= 0 and places[index][1] > start


def _counted(table: _Table, match: re.Match[str], value: float) -> bool:
    """Whether a numeral in words counts here (see ``counted_in_words``)."""
    if _ASCII_DIGIT.search(match.group("n")):
        return True
    near = match.string[max(0, match.start() - _NEAR) : match.start()]
    if not _WORD_DIGIT.search(match.group("n")):
        return match.group("more") is not None or any(pattern.search(near) for _, pattern in table.before)
    if value >= 10 or (value >= 2 and match.group("unit") in table.in_words):
        return True
    if value == 1 and match.group("unit") in table.one_in_place and table.plain_after.search(near):
        return True
    if value == 1 and match.group("unit") in table.one_of_a_series and table.series_before.search(near):
        return True
    ends = _ENDS_A_THING.match(match.string, match.end()) is not None and match.start() > 0
    return ends and (value >= 2 or match.group("unit") in table.in_words or bool(table.plain_after.search(near)))


def _quantity(
    table: _Table, said: Folded, start: int, end: int, values: list[float], unit: str, raw: str, more: str | None = None
) -> list[Quantity]:
    text = said.text
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if table.decoys.catch(before, after, raw):
        return []
    comparator: Comparator = "more_than" if more else "exact"
    first, last = start, end
    if table.any_before.search(before):
        name, hit = next((name, hit) for name, pattern in table.before if (hit := pattern.search(before)))
        comparator, first = name, start - (len(before) - hit.start())
    elif table.any_after.match(after):
        name, hit = next((name, hit) for name, pattern in table.after if (hit := pattern.match(after)))
        comparator, last = name, end + hit.end()
    if unit in table.shy and comparator == "exact" and not (
        table.plain_after.search(before) or (raw[0].isascii() and _ENDS_A_THING.match(text, end))
    ):
        return []
    span = said.span(first, last)
    quote = said.quote(first, last)
    if len(values) == 2:
        low, high = values[0] * _lent_scale(raw, values), values[1]
        return [Quantity(quote, low, unit, "at_least", span), Quantity(quote, high, unit, "at_most", span)]
    return [Quantity(quote, values[0], unit, comparator, span)]


def _lent_scale(raw: str, values: list[float]) -> float:
    """Of 2-3万元 the first number is meant in 万 too."""
    for name, scale in (("亿", 100_000_000), ("万", 10_000)):
        if raw.count(name) == 1 and values[0] < scale <= values[1]:
            return scale
    return 1
