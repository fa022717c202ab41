"""A site's own holiday tables: years the library does not know yet, or days that a place works otherwise."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import schemas
from flows.letters.errors import RulesError
from flows.letters.workdays import WorkCalendar


def calendar_of(data: bytes, where: str = "the holiday table") -> WorkCalendar:
    """The calendar of a TOML file (``[[year]] year holidays workdays``); ``RulesError`` lists every fault.

    A year given here is given in full: days it does not name follow the week.
    """
    try:
        table: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RulesError(f"{where} is not TOML: {fault}") from fault
    # TOML's own dates become strings for the schema, which knows JSON only.
    plain = _plain(table)
    faults = schemas.faults("rules/holidays", plain)
    if faults:
        raise RulesError(f"{where} is wrong:\n" + "\n".join(faults))
    own: dict[date, bool] = {}
    for row in plain["year"]:
        for name, works in (("holidays", False), ("workdays", True)):
            for text in row[name]:
                day = date.fromisoformat(text)
                if day.year != row["year"]:
                    faults.append(f"{text} is not in {row['year']}")
                if day in own:
                    faults.append(f"{text} is named twice")
                own[day] = works
    if faults:
        raise RulesError(f"{where} is wrong:\n" + "\n".join(faults))
    return WorkCalendar(own, frozenset(row["year"] for row in plain["year"]))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_plain(held) for held in value]
    return value.isoformat() if isinstance(value, date) else value
