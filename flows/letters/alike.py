"""Finds the bodies whose names are like a mention, without comparing the mention with every name there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

_LEAST = 0.5  # what is less like than this is no suggestion


class Alike:
    """Bodies, each known by its number and its names, to be found by names that somebody wrote differently."""

    def __init__(self, names: Sequence[tuple[str, ...]]) -> None:
        self._names = names
        self._parts = [frozenset[str]().union(*map(_parts, own)) for own in names]
        self._holding: dict[str, list[int]] = defaultdict(list)  # the bodies with that part in a name
        for number, parts in enumerate(self._parts):
            for part in parts:
                self._holding[part].append(number)

    def to(self, wanted: str) -> Iterator[tuple[int, float]]:
        """Number and likeness (0.5 to 1) of every body that is alike, in the order of their numbers."""
        ours, characters = _parts(wanted), frozenset(wanted)
        least = _LEAST * (len(ours) + 1)
        for number in sorted(self._candidates(wanted, ours)):
            # What all its names together hold too little of, and no name can be contracted to, is looked at no further.
            if len(ours & self._parts[number]) < least and not characters <= self._parts[number]:
                continue
            likeness = max([_likeness(wanted, ours, name) for name in self._names[number]])
            if likeness >= _LEAST:
                yield number, likeness

    def _candidates(self, wanted: str, ours: frozenset[str]) -> set[int]:
        """Every body that may be alike: one without the mention's rarest parts holds too few of the others.

        A name that the mention contracts may hold none of its pairs, but holds its rarest character.
        """
        rarest = sorted(ours, key=lambda part: (len(self._holding.get(part, ())), part))
        needed = next(count for count in range(len(ours)) if (len(ours) - count) / (len(ours) + 1) < _LEAST)
        rarest_character = next(part for part in rarest if len(part) == 1)
        return {number for part in {*rarest[:needed], rarest_character} for number in self._holding.get(part, ())}


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
