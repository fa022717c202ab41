"""The wordings of rules/owners.toml that the assignment of owners itself needs, compiled once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from flows.letters.rules.load import load_table


@dataclass(frozen=True, slots=True)
class OwnerWording:
    leads: re.Pattern[str]
    together: re.Pattern[str]
    above_all: re.Pattern[str]
    announces: re.Pattern[str]
    goes_on: re.Pattern[str]
    builds_on: re.Pattern[str]
    works_on: re.Pattern[str]
    points_at: re.Pattern[str]
    points_back: re.Pattern[str]
    government: re.Pattern[str]
    governments: tuple[str, ...]
    shortened: dict[str, str]
    addressed: re.Pattern[str]
    office: str
    afterwards: re.Pattern[str]
    next_item: re.Pattern[str]
    unknown: str
    unknown_with: str
    old_name: str
    old_name_after: timedelta


@cache
def owner_wording() -> OwnerWording:
    """The table's wordings."""
    table = load_table("owners")
    leads = next(row["pattern"] for row in table["after"] if row["says"] == "leads")
    return OwnerWording(
        leads=re.compile(leads),
        together=re.compile(table["together"]),
        above_all=re.compile(table["clause"]["above_all"]),
        announces=re.compile(table["clause"]["announces"]),
        goes_on=re.compile(table["clause"]["goes_on"]),
        builds_on=re.compile(table["clause"]["builds_on"]),
        works_on=re.compile(table["clause"]["works_on"]),
        points_at=re.compile(table["clause"]["points_at"]),
        points_back=re.compile(table["clause"]["points_back"]),
        government=re.compile(table["clause"]["government"]),
        governments=tuple(table["clause"]["governments"]),
        shortened=dict(table["clause"]["shortened"]),
        addressed=re.compile(table["clause"]["addressed"]),
        office=table["clause"]["office"],
        afterwards=re.compile(table["clause"]["afterwards"]),
        next_item=re.compile(table["printed"]["next_item"]),
        unknown=table["messages"]["unknown"],
        unknown_with=table["messages"]["unknown_with"],
        old_name=table["messages"]["old_name"],
        old_name_after=timedelta(days=table["messages"]["old_name_after_days"]),
    )
