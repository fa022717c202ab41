"""Covers contact data in what leaves the archive; a covered text keeps its length, so every span still holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from flows.letters.rules.load import load_table

COVER = "＊"
_LONGEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Private:
    """What a letter says of persons, to be covered wherever it stands."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Private:
        """The contacts of the header and the persons it is addressed to (bodies keep their names)."""
        header = record["header"]
        words = {value for contact in header["contacts"] for value in contact.values() if value}
        words |= {name for name in header["addressees"] or () if is_person(name)}
        return cls(tuple(sorted((w for w in words if len(w) > 1), key=lambda w: (-len(w), w))))


def mask_text(text: str, private: Private | None = None) -> str:
    """``text`` with contact data covered, character by character; its length does not change."""
    for pattern in _patterns():
        text = pattern.sub(_covered, text)
    for word in private.words if private else ():
        text = _spaced(word).sub(lambda match: COVER * len(match.group(0)), text)
    return text


def say_the_same(one: str, other: str) -> bool:
    """Whether two texts differ only in what is covered: rules for covering change, what was said does not."""
    return len(one) == len(other) and all(a == b or COVER in (a, b) for a, b in zip(one, other, strict=True))


def mask_value(value: Any, private: Private | None = None) -> Any:
    """Any JSON value with every string in it masked; keys stay."""
    if isinstance(value, str):
        return mask_text(value, private)
    if isinstance(value, Mapping):
        return {key: mask_value(item, private) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(item, private) for item in value]
    return value


def mask_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without contacts and with every text masked; ids, hashes and spans stay as they are."""
    private = Private.of(record)
    kept = {"schema", "id", "rules_version", "reader", "header_spans"}
    masked = {key: value if key in kept else mask_value(value, private) for key, value in record.items()}
    masked["header"] = {**masked["header"], "contacts": []}
    masked["original"] = {**record["original"], "name": mask_text(record["original"]["name"], private)}
    for before, after in zip(record["statements"], masked["statements"], strict=True):
        after["id"] = before["id"]
    return masked


def leaks(content: str, private: Iterable[Private] = ()) -> list[str]:
    """What is still private in ``content``: the last look before something is published."""
    found = [match.group("private") for pattern in _patterns() for match in pattern.finditer(content)]
    found = [one for one in found if one.strip(COVER)]
    return found + [word for one in private for word in one.words if _spaced(word).search(content)]


def is_person(addressee: str) -> bool:
    """Whether an addressee is a person: short, or with the dot of a longer name, and not ending as bodies do."""
    ends = tuple(end for row in load_table("masking")["person"] for end in row["ends"])
    return (len(addressee) <= _LONGEST_NAME or "·" in addressee) and not addressee.endswith(ends)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    rows = load_table("masking")["mask"]
    # Names that are found by the number beside them come first: the number is still there.
    ordered = sorted(rows, key=lambda row: row["id"] != "person_before_number")
    return tuple(re.compile(row["pattern"]) for row in ordered)


@lru_cache(maxsize=4096)
def _spaced(word: str) -> re.Pattern[str]:
    """A word as letters print it: 陆某 also as 陆　某; a number not within a longer one."""
    body = r"[ \u3000\n]*".join(re.escape(char) for char in word if not char.isspace())
    return re.compile(rf"(?<![0-9]){body}(?![0-9])" if word[-1].isdigit() else body)


def _covered(match: re.Match[str]) -> str:
    whole, start = match.group(0), match.start("private") - match.start()
    end = match.end("private") - match.start()
    return whole[:start] + COVER * (end - start) + whole[end:]
