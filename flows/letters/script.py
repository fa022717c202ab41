"""A view of a text in simplified script, character for character, so that spans stay true."""

from __future__ import annotations

import re
from functools import cache

from flows.letters.rules.load import load_table

# A simplified letter may hold a traditional character in a name (乾, 著); only a letter full of them is folded.
_ENOUGH = 6


def simplified(text: str, *, always: bool = False) -> str:
    """``text`` with traditional characters replaced, of the same length; a simplified text comes back unchanged.

    ``always`` is for single lines, too short to show in which script the letter is.
    """
    if _any().search(text) is None or (not always and len(set(_any().findall(text))) < _ENOUGH):
        return text
    single, phrases = _tables()
    for wrong, right in phrases:
        text = text.replace(wrong, right)
    return text.translate(single)


def holds_traditional(text: str) -> bool:
    """Whether any character of ``text`` has another form in simplified script."""
    return _any().search(text) is not None


@cache
def _any() -> re.Pattern[str]:
    return re.compile("[" + "".join(map(chr, _tables()[0])) + "]")


@cache
def _tables() -> tuple[dict[int, str], tuple[tuple[str, str], ...]]:
    table = load_table("script")
    single = {ord(pair[0]): pair[1] for pair in table["pairs"].split() if pair[0] != pair[1]}
    phrases = tuple((row["wrong"], row["right"]) for row in table["phrase"] if len(row["wrong"]) == len(row["right"]))
    return single, phrases
