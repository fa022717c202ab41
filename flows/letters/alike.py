"""Finds the bodies whose names are like a mention, without comparing the mention with every name there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

_LEAST = 0.5  # what is less like than this is no suggestion


class Alike:
    """Bodies, each known by its number and its names, to be found by names that somebody wrote differently."""

    def __init__(self, names: Sequence[tuple[str, ...]]) -> None:
        self._bearers: dict[str, list[int]] = defaultdict(list)  # the bodies that bear a name
        for number, own in enumerate(names):
            for name in own:
                self._bearers[name].append(number)
        self._holding: dict[str, list[str]] = defaultdict(list)  # the names that hold a part
        for name in self._bearers:
            for part in _parts(name):
                self._holding[part].append(name)

    def to(self, wanted: str) -> list[tuple[int, float]]:
        """Number and likeness (0.5 to 1) of every body that is alike, in the order of their numbers."""
        ours = _parts(wanted)
        found: dict[int, float] = {}
        for name in self._candidates(wanted, ours):
            likeness = _likeness(wanted, ours, name)
            if likeness >= _LEAST:
                for number in self._bearers[name]:
                    found[number] = max(likeness, found.get(number, 0.0))
        return sorted(found.items())

    def _candidates(self, wanted: str, ours: frozenset[str]) -> set[str]:
        """Every name that may be alike: one without the mention's rarest parts holds too few of the others.

        A name that the mention contracts may hold none of its pairs, but holds its rarest character.
        """
        rarest = sorted(ours, key=lambda part: (len(self._holding.get(part, ())), part))
        needed = next(count for count in range(len(ours)) if (len(ours) - count) / (len(ours) + 1) < _LEAST)
        rarest_character = next(part for part in rarest if len(part) == 1)
        return {name for part in {*rarest[:needed], rarest_character} for name in self._holding.get(part, ())}


def _parts(name: str) -> frozenset[str]:
    """Its characters and its pairs of neighbours."""
    return frozenset([*name, *map(str.__add__, name, name[1:])])


def _likeness(wanted: str, ours: frozenset[str], name: str) -> float:
    """0..1: 0.9 and more where the mention contracts the name, else the share of the mention's parts that it holds."""
    at = -1
    for char in wanted:
        at = name.find(char, at + 1)
        if at < 0:
            return len([part for part in ours if part in name]) / (len(ours) + 1)
    return 0.9 + 0.1 * len(wanted) / len(name)
