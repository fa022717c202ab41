"""The marks a clause can carry besides its cues; each is one bit, so that a set of marks is one number."""

from __future__ import annotations

from collections.abc import Iterable

# In the order in which they are weighed.
MARKS = (
    "item", "label", "row_head", "row", "later",  # the sentence's (stance_frames.py)
    "joint", "verb", "subject", "acts", "adverbial", "number", "also", "parens",  # the clause's own wording
    "ahead", "past", "told", "condition", "asked", "first", "titled", "last", "leadin", "firm",  # its place
)  # fmt: skip
_BITS = [1 << place for place in range(len(MARKS))]
ITEM, LABEL, ROW_HEAD, ROW, LATER, JOINT, VERB, SUBJECT, ACTS, ADVERBIAL, NUMBER, ALSO, PARENS = _BITS[:13]
AHEAD, PAST, TOLD, CONDITION, ASKED, FIRST, TITLED, LAST, LEADIN, FIRM = _BITS[13:]
NO_MARKS = 0


def marks_called(names: Iterable[str]) -> int:
    """The marks of these names as one number."""
    return sum(1 << MARKS.index(name) for name in set(names))
