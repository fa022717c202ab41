"""Makes a long alternation of words fast to search with: only a character that can begin one of them is looked at twice."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GROUP = re.compile(r"\(\?(?:P<\w+>|:)|\((?!\?)")
_ZERO_WIDTH = re.compile(r"\(\?<?[=!]")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_MAYBE = re.compile(r"[?*]|\{0?,")
_SPECIAL = frozenset("\\.*+?{}()|")
_ANY = None


def guarded(pattern: str) -> str:
    """``pattern`` behind a look at its first character; as it is where any character could begin it."""
    firsts = _of_alternatives(pattern)
    if firsts is _ANY or "" in firsts:
        return pattern
    single = "".join(sorted(re.escape(first) for first in firsts if len(first) == 1))
    classes = sorted(first for first in firsts if len(first) > 1)
    looks = [f"[{single}]"] if single else []
    return f"(?={'|'.join([*looks, *classes])})(?:{pattern})"


def any_guarded(patterns: Iterable[str]) -> str:
    """What any of the ``patterns`` takes, the first of them first; each is tried only where it can begin.

    ``re`` itself looks ahead for alternatives that begin with a plain character, not for those in a group.
    """
    return "|".join(map(guarded, patterns))


def _of_alternatives(pattern: str) -> set[str] | None:
    """The characters and classes that begin a match of ``pattern``, "" where it may be empty; None for any character."""
    found: set[str] = set()
    for alternative in _split(pattern):
        firsts = _of_sequence(alternative)
        if firsts is _ANY:
            return _ANY
        found |= firsts
    return found


def _of_sequence(text: str) -> set[str] | None:
    found: set[str] = set()
    at = 0
    while at < len(text):
        first = _of_one(text, at)
        if first is _ANY:
            return _ANY
        firsts, end = first
        found |= firsts - {""}
        maybe = _MAYBE.match(text, end)
        if maybe is None and "" not in firsts:
            return found
        if maybe is not None:
            end = text.index("}", end) + 1 if text[end] == "{" else end + 1
        at = end
    return found | {""}


def _of_one(text: str, at: int) -> tuple[set[str], int] | None:
    """What begins the one thing at ``at`` (a group, a class, a character), and where it ends."""
    if _ZERO_WIDTH.match(text, at):
        return {""}, _closing(text, at) + 1
    group, kind = _GROUP.match(text, at), _CLASS.match(text, at)
    if group:
        end = _closing(text, at) + 1
        inner = _of_alternatives(text[group.end() : end - 1])
        return _ANY if inner is _ANY else (inner, end)
    if kind:
        return {kind.group()}, kind.end()
    if text[at] == "\\" and not text[at + 1].isalnum():
        return {text[at + 1]}, at + 2
    if text[at] in "^$":
        return {""}, at + 1
    return _ANY if text[at] in _SPECIAL else ({text[at]}, at + 1)


def _split(pattern: str) -> list[str]:
    """The alternatives of ``pattern`` at its outermost level."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(pattern):
        kind = _CLASS.match(pattern, at)
        if kind or pattern[at] == "\\":
            at = kind.end() if kind else at + 2
            continue
        depth += (pattern[at] == "(") - (pattern[at] == ")")
        if pattern[at] == "|" and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]


def _closing(pattern: str, start: int) -> int:
    """Where the bracket closes that opens at ``start``."""
    depth, at = 0, start
    while at < len(pattern):
        kind = _CLASS.match(pattern, at)
        if kind or pattern[at] == "\\":
            at = kind.end() if kind else at + 2
            continue
        depth += (pattern[at] == "(") - (pattern[at] == ")")
        if depth == 0:
            return at
        at += 1
    raise ValueError(f"a bracket of {pattern!r} is not closed")
