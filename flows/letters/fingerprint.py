"""Recognises a letter that came before: the same text in another file, or nearly the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from flows.letters.script import simplified

Verdict = Literal["same", "near", "different"]
_KEPT = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fffa-z0-9]+")
_GRAM = 4
# Measured by tests/reading/test_fingerprint.py on the dev letters: renderings of one letter differ by at most 9 bits,
# two letters by at least 18.
NEAR_BITS = 12


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``exact``: SHA-256 (hex) of the normalised text; ``sketch``: 64 bits (hex) that stay close when the text does."""

    exact: str
    sketch: str
    size: int


def fingerprint(text: str) -> Fingerprint:
    """Of the letter's text; layout, punctuation, script and width of characters do not count, numbers do."""
    normal = normalised(text)
    exact = hashlib.sha256(normal.encode()).hexdigest()
    return Fingerprint(exact, f"{_simhash(normal):016x}", len(normal))


def normalised(text: str) -> str:
    """Han characters in simplified script, digits and small Latin letters, nothing else."""
    return _KEPT.sub("", simplified(unicodedata.normalize("NFKC", text), always=True).lower())


def same_letter(one: Fingerprint, other: Fingerprint) -> Verdict:
    """"same": character for character; "near": a person must tell a new version from a rescan; else "different"."""
    if one.exact == other.exact:
        return "same"
    return "near" if distance(one, other) <= NEAR_BITS else "different"


def distance(one: Fingerprint, other: Fingerprint) -> int:
    """Bits in which the sketches differ, 0 to 64."""
    return (int(one.sketch, 16) ^ int(other.sketch, 16)).bit_count()


def _simhash(text: str) -> int:
    """Each 4-gram votes on every bit with its own hash; the votes are counted a byte column at a time."""
    grams = {text[i : i + _GRAM] for i in range(max(1, len(text) - _GRAM + 1))}
    joined = b"".join(hashlib.blake2b(gram.encode(), digest_size=8).digest() for gram in sorted(grams))
    bits = 0
    for column in range(8):
        counts = Counter(joined[column::8])
        for bit in range(8):
            votes = sum(count for value, count in counts.items() if value >> bit & 1)
            bits = bits << 1 | (2 * votes > len(grams))
    return bits
