"""How long a letter is kept: by what it is, and so by the part its agency had in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flows.letters.errors import RulesError
from flows.letters.rules.load import load_table


def keep_until(record: Mapping[str, Any], site: Mapping[str, Any] | None = None) -> date | None:
    """The day up to which the record's letter is kept, counted from its receipt; None for ever.

    ``site`` gives years or ``permanent`` by letter type, before the shipped table.
    """
    letter_type = record["header"]["letter_type"]
    keep = (site or {}).get(letter_type) or _shipped(letter_type)
    if keep == "permanent":
        return None
    received = date.fromisoformat(record["original"]["received_at"][:10])
    year = received.year + int(keep)
    try:
        return received.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)


def _shipped(letter_type: str) -> Any:
    for row in load_table("retention")["retention"]:
        if letter_type in row["letter_types"]:
            return row["keep"]
    raise RulesError(f"rules/retention.toml has no row for letters of type {letter_type!r}; add one")
