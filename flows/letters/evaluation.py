"""Measures records against gold annotations: header, statements, owners, deadlines, quantities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.letters.model import COMMITMENT_STANCES

# `done` statements are kept in records and not measured: annotators need not mark every report.
MEASURED = ("pledged", "conditional", "ongoing", "declined")

_ASPECTS = ("owner", "routing", "deadline", "specific", "all")

Json = Mapping[str, Any]
Interval = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class GoldLetter:
    """One annotated letter: ``text`` is the letter as a careful person reads it."""

    name: str
    header: Json
    statements: Sequence[Json]
    text: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Precision, recall and their harmonic mean; 1 where there was nothing to find and nothing was found."""

    hit: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        return self.hit / self.predicted if self.predicted else (0.0 if self.gold else 1.0)

    @property
    def recall(self) -> float:
        return self.hit / self.gold if self.gold else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True)
class Counts:
    """What was counted over some letters; sums of these give every measure."""

    letters: int = 0
    without_record: int = 0
    fields: dict[str, list[int]] = field(default_factory=dict)
    detected: list[int] = field(default_factory=lambda: [0, 0, 0])
    stanced: list[int] = field(default_factory=lambda: [0, 0, 0])
    counted: list[int] = field(default_factory=lambda: [0, 0, 0])
    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ASPECTS, 0))
    notes: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        self.letters += other.letters
        self.without_record += other.without_record
        for name, (right, of) in other.fields.items():
            mine = self.fields.setdefault(name, [0, 0])
            mine[0] += right
            mine[1] += of
        for mine, theirs in (
            (self.detected, other.detected), (self.stanced, other.stanced), (self.counted, other.counted)
        ):  # fmt: skip
            for i in range(3):
                mine[i] += theirs[i]
        for name, number in other.right.items():
            self.right[name] += number
        self.notes += other.notes

    def measures(self) -> dict[str, Any]:
        """Every measure, rounded to four places, in the order they are shown."""
        hit = self.detected[0]
        rates = {name: round(self.right[name] / hit, 4) if hit else 0.0 for name in _ASPECTS if name != "all"}
        right, of = (sum(pair[i] for pair in self.fields.values()) for i in (0, 1))
        return {
            "letters": self.letters,
            "without_record": self.without_record,
            "header_accuracy": round(right / max(1, of), 4),
            "header_fields": {name: round(a / b, 4) for name, (a, b) in sorted(self.fields.items())},
            "commitments": _shown(Rate(*self.detected)),
            "stance": _shown(Rate(*self.stanced)),
            "lead_owner_accuracy": rates["owner"],
            "routing_accuracy": rates["routing"],
            "deadline_accuracy": rates["deadline"],
            "specific_accuracy": rates["specific"],
            "routable": _shown(Rate(self.right["all"], self.detected[1], self.detected[2])),
            "quantities": _shown(Rate(*self.counted)),
        }



def _shown(rate: Rate) -> dict[str, float | int]:
    return {
        "precision": round(rate.precision, 4),
        "recall": round(rate.recall, 4),
        "f1": round(rate.f1, 4),
        "hit": rate.hit,
        "predicted": rate.predicted,
        "gold": rate.gold,
    }


@dataclass(frozen=True, slots=True)
class Pairing:
    """The measured statements of gold and record, and which belong together (their indexes)."""

    gold: Sequence[Json]
    predicted: Sequence[Json]
    pairs: Sequence[tuple[int, int]]
    notes: Sequence[str]


def measure(gold: GoldLetter, record: Json | None) -> Counts:
    """The counts of one letter; a letter without a record found nothing."""
    counts = Counts(letters=1)
    if record is None:
        counts.without_record = 1
        counts.notes.append(f"{gold.name}: no record")
        record = {}
    for name, wanted, got in header_pairs(gold.header, record.get("header") or {}):
        counts.fields.setdefault(name, [0, 0])
        counts.fields[name][0] += wanted == got
        counts.fields[name][1] += 1
    paired = pair_statements(gold, record)
    counts.notes += paired.notes
    _count_statements(counts, paired)
    return counts


def pair_statements(gold: GoldLetter, record: Json) -> Pairing:
    """Statements that overlap by half of their characters or more, each used once, the best overlap first."""
    text = squash(gold.text)
    wanted = [s for s in gold.statements if s["stance"] in MEASURED]
    got = [s for s in record.get("statements", ()) if s.get("stance") in MEASURED]
    notes: list[str] = []
    wanted_at = list(_places(text, wanted, f"{gold.name} gold", notes))
    got_at = list(_places(text, got, f"{gold.name} record", notes))
    overlaps = ((_overlap(g, p), i, j) for i, g in enumerate(wanted_at) for j, p in enumerate(got_at))
    pairs: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for value, i, j in sorted(overlaps, reverse=True):
        if value < 0.5:
            break
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            pairs.append((i, j))
    return Pairing(wanted, got, pairs, notes)


def aspects(gold: Json, got: Json) -> dict[str, bool]:
    """Which parts of a commitment that was found are right."""
    routed = bool(_official(gold) & _official(got))
    dated = _date_of(gold) == _date_of(got)
    return {
        "owner": _lead_named(gold, got),
        "routing": routed,
        "deadline": dated,
        "specific": bool(gold.get("specific")) == bool(got.get("specific")),
        "all": routed and dated,
    }


def squash(text: str | None) -> str:
    """The text as it is compared: without white space and page numbers, brackets and width folded."""
    text = unicodedata.normalize("NFKC", text or "")
    text = re.sub(r"-\s*\d+\s*-", "", text) if "\n" in text else text
    text = text.translate(_BRACKETS)
    return re.sub(r"[\s\u200b\ufeff]+", "", text)


_BRACKETS = {ord(wide): half for wide, half in zip("〔〕【】", "[][]", strict=True)}


def _count_statements(counts: Counts, paired: Pairing) -> None:
    counts.stanced[1] += len(paired.predicted)
    counts.stanced[2] += len(paired.gold)
    counts.detected[1] += sum(s["stance"] in COMMITMENT_STANCES for s in paired.predicted)
    counts.detected[2] += sum(s["stance"] in COMMITMENT_STANCES for s in paired.gold)
    for i, j in paired.pairs:
        gold, got = paired.gold[i], paired.predicted[j]
        counts.stanced[0] += gold["stance"] == got["stance"]
        if not {gold["stance"], got["stance"]} <= COMMITMENT_STANCES:
            continue
        counts.detected[0] += 1
        for name, holds in aspects(gold, got).items():
            counts.right[name] += holds
        wanted, found = _quantities(gold), _quantities(got)
        counts.counted[1] += len(found)
        counts.counted[2] += len(wanted)
        for quantity in wanted:
            if quantity in found:
                found.remove(quantity)
                counts.counted[0] += 1


def _places(text: str, statements: Sequence[Json], where: str, notes: list[str]) -> Iterator[Interval]:
    """Where each statement stands in the squashed text; the order breaks ties between repeated texts."""
    cursor = 0
    for statement in statements:
        said = squash(statement.get("text"))
        at = text.find(said, cursor) if said else -1
        if at < 0 and said:
            at = text.find(said)
        if at < 0:
            notes.append(f"{where}: text not in the letter: {said[:40]}")
            yield None
        else:
            cursor = at
            yield at, at + len(said)


def _overlap(a: Interval, b: Interval) -> float:
    if not a or not b:
        return 0.0
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / (max(a[1], b[1]) - min(a[0], b[0])) if shared else 0.0


def header_pairs(gold: Json, got: Json) -> Iterator[tuple[str, object, object]]:
    """(field, gold value, record's value) for the fields the gold file speaks of."""
    for name, value in gold.items():
        if name != "proposal":
            yield name, _flat(value), _flat(got.get(name))
            continue
        theirs = got.get("proposal") or {}
        for part, wanted in (value or {}).items():
            a, b = _flat(wanted), _flat(theirs.get(part))
            if part == "number":
                a, b = str(a or "").lstrip("0"), str(b or "").lstrip("0")
            yield f"proposal.{part}", a, b


def _flat(value: object) -> object:
    if isinstance(value, list):
        return sorted(squash(str(each)) for each in value)
    return squash(str(value)) if value is not None else None


def _leads(statement: Json) -> list[Json]:
    return [owner for owner in statement.get("owners", ()) if owner.get("role", "lead") == "lead"]


def _lead_named(gold: Json, got: Json) -> bool:
    wanted, found = _leads(gold), _leads(got)
    if not wanted or not found:
        return not wanted and not found
    names = [{squash(o.get(k)) for o in owners for k in ("name", "mention") if o.get(k)} for owners in (wanted, found)]
    return bool(names[0] & names[1])


def _official(statement: Json) -> set[str]:
    return {squash(owner.get("name")) for owner in _leads(statement)} or {""}


def _date_of(statement: Json) -> object:
    return (statement.get("deadline") or {}).get("date")


def _quantities(statement: Json) -> list[tuple[float, str]]:
    return sorted((float(q["value"]), squash(q.get("unit"))) for q in statement.get("quantities", ()))
