"""A statement without white space and full-width forms, whose every character remembers where it stood."""

from __future__ import annotations

from dataclasses import dataclass

from flows.letters.model import Span

# Full-width ASCII (！ to ～) to ASCII, one for one, so that no offset moves.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` is what the rules read; ``offsets`` is None where no character was left out."""

    text: str
    start: int
    offsets: tuple[int, ...] | None

    def span(self, start: int, end: int) -> Span:
        """The place of ``text[start:end]`` in the letter's text."""
        if self.offsets is None:
            return Span(self.start + start, self.start + end)
        return Span(self.offsets[start], self.offsets[end - 1] + 1)


def fold(raw: str, start: int = 0) -> Folded:
    """``raw`` begins at ``start`` of the letter's text; returns it folded."""
    narrow = raw.translate(_NARROW)
    parts = narrow.split()
    if len(parts) == 1 and len(parts[0]) == len(narrow):
        return Folded(narrow, start, None)
    kept = [(char, at) for at, char in enumerate(narrow) if not char.isspace()]
    return Folded("".join(char for char, _ in kept), start, tuple(start + at for _, at in kept))


def in_quotation(text: str, start: int, end: int, marks: list[list[str]]) -> bool:
    """Whether ``text[start:end]`` lies wholly between two ``marks`` (《 and 》); an unclosed one reaches to the end."""
    for opening, closing in marks:
        opened = text.rfind(opening, 0, start)
        if opened >= 0:
            closed = text.find(closing, opened)
            if closed < 0 or closed >= end:
                return True
    return False
