"""Makes a long alternation of words fast to search with: only a character that can begin one of them is looked at twice."""

from __future__ import annotations

import re

_GROUP = re.compile(r"\(\?(?:P<\w+>|:)|\((?!\?)")
_ZERO_WIDTH = re.compile(r"\(\?<?[=!]")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_MAYBE = re.compile(r"[?*]|\{0?,")
_SPECIAL = frozenset("^$.*+?{}()|")
_ANY = None


def guarded(pattern: str) -> str:
    """``pattern`` behind a look at its first character; as it is where any character could begin it."""
    firsts = _of_alternatives(pattern)
    if firsts is _ANY:
        return pattern
    single = "".join(sorted(re.escape(first) for first in firsts if len(first) == 1))
    classes = sorted(first for first in firsts if len(first) > 1)
    looks = [f"[{single}]"] if single else []
    return f"(?={'|'.join([*looks, *classes])})(?:{pattern})"


def _of_alternatives(pattern: str) -> set[str] | None:
    """The characters and classes that begin a match of ``pattern``; None where that cannot be said."""
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
        if _ZERO_WIDTH.match(text, at):
            at = _closing(text, at) + 1
            continue
        group, kind = _GROUP.match(text, at), _CLASS.match(text, at)
        if group:
            end = _closing(text, at) + 1
            inner = _of_alternatives(text[group.end() : end - 1])
            if inner is _ANY:
                return _ANY
            found |= inner
        elif kind:
            end = kind.end()
            found.add(kind.group())
        elif text[at] == "\\" and not text[at + 1].isalnum():
            end = at + 2
            found.add(text[at + 1])
        elif text[at] in _SPECIAL or text[at] == "\\":
            return _ANY
        else:
            end = at + 1
            found.add(text[at])
        if _MAYBE.match(text, end) is None:
            return found
        at = text.index("}", end) + 1 if text[end] == "{" else end + 1
    return _ANY


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
