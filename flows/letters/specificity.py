"""Whether somebody could check later that a promise was kept, from rules/specificity.toml."""

from __future__ import annotations

import re
from functools import cache

from flows.letters.first_characters import guarded
from flows.letters.rules.load import load_table


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    table = load_table("specificity")
    concrete, general = (
        re.compile(guarded("|".join(f"(?:{row['pattern']})" for row in table[kind]))) for kind in ("concrete", "general")
    )
    return concrete, general


def is_specific(said: str, *, dated: bool, counted: bool, conditional: bool) -> bool:
    """``said`` is a statement without white space and with full-width marks.

    ``dated`` and ``counted``: it has a day or a quantity.  A ``conditional`` promise is checked against its condition.
    """
    if dated or counted or conditional:
        return True
    concrete, general = _patterns()
    return concrete.search(said) is not None or general.search(said) is None
