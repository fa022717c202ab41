"""The share of a large archive that one night's audit looks at: prefixes of keys that a store lists without listing the rest.

The keys of letters hold their file's SHA-256, so its first two digits deal them out evenly.  What a night re-reads is taken
from the sealed days by the same digits that are listed: an object that no day names shows in its own turn.  Keys that no
letter has can be found only by listing a folder whole, which each of the three has one night for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from flows.ports import Archive

_DIGITS = re.compile("[0-9a-f]{2}")
# The digits stand behind this; in packages/ behind the year.
_PACKAGES = "packages/"
_BEFORE_DIGITS = {"originals/": "originals/sha256/", "records/": "records/", _PACKAGES: _PACKAGES}
_FOLDERS = tuple(_BEFORE_DIGITS)


@dataclass(frozen=True, slots=True)
class Share:
    """The turns of one night, each a number below ``days``: every key has one of them.

    ``years`` are those in which letters are received; a pack of another year is a key that no letter has.  Journals (of
    checks, answers, the ledger's copies) are few: all are listed each night, and read in turns.  ``again`` are keys that are
    read whatever their turn: they were damaged the last time.
    """

    days: int
    turns: frozenset[int]
    years: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()

    def lists(self, key: str) -> bool:
        """Whether ``key`` is among those that ``keys`` lists, if it exists, or is read again."""
        turn = self._turn(key)
        return turn is None or turn in self.turns or key in self.again

    def reads(self, key: str) -> bool:
        """Whether it is the turn of ``key`` to be read."""
        turn = self._turn(key)
        if turn is None:
            turn = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") % self.days
        return turn in self.turns or key in self.again

    def keys(self, archive: Archive, folder: str) -> Iterator[str]:
        """The keys of this share in a first folder of the archive; not in order."""
        if folder not in _BEFORE_DIGITS:
            yield from archive.keys(folder)
            return
        behind = [f"{_PACKAGES}{year}/" for year in sorted(self.years)] if folder == _PACKAGES else [_BEFORE_DIGITS[folder]]
        for before in behind:
            for number in range(256):
                if number * self.days // 256 in self.turns:
                    yield from archive.keys(f"{before}{number:02x}")
        if self._turn_of_strange(folder) in self.turns:
            yield from (key for key in archive.keys(folder) if self._digits(key, folder) is None)

    def _turn(self, key: str) -> int | None:
        """The turn of a key; None for one that is listed each night."""
        folder = key[: key.find("/") + 1]
        if folder not in _BEFORE_DIGITS:
            return None
        digits = self._digits(key, folder)
        return self._turn_of_strange(folder) if digits is None else int(digits, 16) * self.days // 256

    def _digits(self, key: str, folder: str) -> str | None:
        """The digits that give ``key`` its turn; None in a key that no letter has."""
        at = len(_BEFORE_DIGITS[folder])
        if folder == _PACKAGES:
            if key[at : at + 4] not in self.years or key[at + 4 : at + 5] != "/":
                return None
            at += 5
        elif not key.startswith(_BEFORE_DIGITS[folder]):
            return None
        found = _DIGITS.match(key, at)
        return found.group() if found else None

    def _turn_of_strange(self, folder: str) -> int:
        return _FOLDERS.index(folder) * self.days // len(_FOLDERS)


def share_of(moment: str, days: int, last: date | None = None, again: Iterable[str] = ()) -> Share:
    """What is looked at on the day of ``moment``.

    The shares of the days after ``last``, when there was an audit last, are made up for: every object within ``days`` days,
    also where the system stood still.
    """
    today = date.fromisoformat(moment[:10]).toordinal()
    first = today if last is None else min(today, last.toordinal() + 1)
    turns = frozenset(day % days for day in range(max(first, today - days + 1), today + 1))
    return Share(days, turns, again=frozenset(again))
