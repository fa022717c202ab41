"""Recognises a letter that came before: the same text in another file, or nearly the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from flows.letters.script import simplified

Verdict = Literal["same", "near", "different"]
_KEPT = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fffa-z0-9]+")
_GRAM = 4
_SLOTS = 64
_EMPTY = 0xFFFF
_BAND = 2  # neighbouring slots that two sketches must share to be worth comparing
# Measured by tests/reading/test_fingerprint.py on the dev letters: a letter and itself with 4 % of its characters
# wrong share at least half of their slots, two letters at most 0.14.
NEAR = 0.35


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``exact``: SHA-256 (hex) of the normalised text; ``sketch``: 64 slots of 16 bits (hex), alike where texts are."""

    exact: str
    sketch: str
    size: int

    @property
    def bands(self) -> tuple[str, ...]:
        """Keys for an index: near letters share at least one, strangers seldom."""
        width = 4 * _BAND
        return tuple(f"{i // width:x}:{self.sketch[i : i + width]}" for i in range(0, len(self.sketch), width))


def fingerprint(text: str) -> Fingerprint:
    """Of the letter's text; layout, punctuation, script and width of characters do not count, numbers do."""
    normal = normalised(text)
    return Fingerprint(hashlib.sha256(normal.encode()).hexdigest(), _sketch(normal), len(normal))


def normalised(text: str) -> str:
    """Han characters in simplified script, digits and small Latin letters, nothing else."""
    return _KEPT.sub("", simplified(unicodedata.normalize("NFKC", text), always=True).lower())


def same_letter(one: Fingerprint, other: Fingerprint) -> Verdict:
    """"same": character for character; "near": a person must tell a new version from a rescan; else "different"."""
    if one.exact == other.exact:
        return "same"
    return "near" if likeness(one, other) >= NEAR else "different"


def likeness(one: Fingerprint, other: Fingerprint) -> float:
    """The share of 4-character runs that both texts have in common, estimated from their sketches (0..1)."""
    pairs = [(one.sketch[i : i + 4], other.sketch[i : i + 4]) for i in range(0, 4 * _SLOTS, 4)]
    filled = [pair for pair in pairs if pair != (f"{_EMPTY:04x}", f"{_EMPTY:04x}")]
    return sum(a == b for a, b in filled) / len(filled) if filled else 0.0


def _sketch(text: str) -> str:
    """Of the hashes of all 4-character runs the smallest in each of 64 slots (one-permutation MinHash)."""
    slots = [_EMPTY] * _SLOTS
    for gram in {text[i : i + _GRAM] for i in range(max(1, len(text) - _GRAM + 1))}:
        value = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=4).digest())
        slot, rest = value % _SLOTS, value >> 16
        slots[slot] = min(slots[slot], rest)
    return "".join(f"{slot:04x}" for slot in slots)
