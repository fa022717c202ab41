"""Recognises a letter that came before: the same text in another file, or nearly the same."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Sequence
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
# Where numbers tell two letters apart and one of them was recognised on a picture, so that its number may be misread:
# a letter with 2 % of its characters wrong keeps at least 0.70 of its slots.
_NEAR_THOUGH_NUMBERED = 0.65
_SAID_BY_MANY = 3  # letters that share a slot: it tells the office's form, not the letter
_LEAST_OWN = 8  # slots of its own a letter needs to be compared by them


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``exact``: SHA-256 (hex) of the normalised text; ``sketch``: 64 slots of 16 bits (hex), alike where texts are."""

    exact: str
    sketch: str
    size: int

    @property
    def bands(self) -> tuple[int, ...]:
        """Keys for an index (below 2⁴⁰): near letters share at least one, strangers seldom.

        A band with an empty slot is left out: all short texts have that in common.
        """
        slots = self.slots
        groups = [slots[i : i + _BAND] for i in range(0, len(slots), _BAND)]
        return tuple(
            number << 32 | group[0] << 16 | group[1] for number, group in enumerate(groups) if _EMPTY not in group
        )

    @property
    def slots(self) -> tuple[int, ...]:
        """The sketch as 64 numbers; 65535 is an empty slot."""
        return struct.unpack(f">{_SLOTS}H", bytes.fromhex(self.sketch))


@dataclass(frozen=True, slots=True)
class Compared:
    """What two letters are compared by: text, numbers, and whether these were recognised on a picture.

    ``proposal``: session and number, as the letters give them; what a letter does not say is None.
    """

    text: Fingerprint
    document_number: str | None
    proposal: tuple[str | None, str | None]
    recognised: bool


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
    filled = [pair for pair in zip(one.slots, other.slots, strict=True) if pair != (_EMPTY, _EMPTY)]
    return sum(a == b for a, b in filled) / len(filled) if filled else 0.0


def suspicion(one: Compared, other: Compared, form: frozenset[int] = frozenset()) -> float | None:
    """How alike two letters are (0..1) where a person must say whether they are one; None where nobody need be asked.

    Two numbers of documents and two of proposals, read from type and not from a picture, are two letters however alike:
    an office answers many proposals in the same words.  Where one of these is missing or may be misread, the slots of
    ``form`` (see ``form_of``) do not count; letters on one proposal, or without numbers that differ, are asked about
    as soon as they are near.
    """
    numbers = _differ(one.document_number, other.document_number)
    proposals = _proposals_differ(one, other)
    if proposals is False or not (numbers or proposals):
        alike = likeness(one.text, other.text)
        return alike if alike >= NEAR else None
    if numbers and proposals and not (one.recognised or other.recognised):
        return None
    own = [pair for slot, pair in enumerate(zip(one.text.slots, other.text.slots, strict=True)) if slot not in form]
    own = [pair for pair in own if pair != (_EMPTY, _EMPTY)]
    alike = sum(a == b for a, b in own) / len(own) if len(own) >= _LEAST_OWN else 0.0
    # Beside the form letters on different matters share hardly anything; among it are the form's own misread slots.
    return alike if alike >= (NEAR if form else _NEAR_THOUGH_NUMBERED) else None


def form_of(text: Fingerprint, others: Sequence[Fingerprint]) -> frozenset[int]:
    """The slots that ``text`` shares with many of ``others``, which are letters on different matters."""
    shared = Counter(
        slot for other in others for slot, (a, b) in enumerate(zip(text.slots, other.slots, strict=True)) if a == b
    )
    return frozenset(slot for slot, count in shared.items() if count >= _SAID_BY_MANY)


def _differ(one: str | None, other: str | None) -> bool | None:
    """Whether two numbers are different ones; None where one is not known."""
    return normalised(one).lstrip("第0") != normalised(other).lstrip("第0") if one and other else None


def _proposals_differ(one: Compared, other: Compared) -> bool | None:
    by_number = _differ(one.proposal[1], other.proposal[1])
    return by_number if by_number is not False else bool(_differ(one.proposal[0], other.proposal[0]))


def _sketch(text: str) -> str:
    """Of the hashes of all 4-character runs the smallest in each of 64 slots (one-permutation MinHash)."""
    slots = [_EMPTY] * _SLOTS
    for gram in {text[i : i + _GRAM] for i in range(max(1, len(text) - _GRAM + 1))}:
        value = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=4).digest())
        slot, rest = value % _SLOTS, value >> 16
        slots[slot] = min(slots[slot], rest)
    return "".join(f"{slot:04x}" for slot in slots)
