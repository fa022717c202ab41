"""What new rules make of an old letter: promises gained, lost and changed, before anything is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flows.letters.model import COMMITMENT_STANCES

_COMPARED = ("stance", "specific", "owners", "deadline", "quantities", "span")
_HEADER = ("letter_type", "document_number", "title", "issuers", "date", "proposal", "outcome", "disclosure_normalised")


@dataclass(frozen=True, slots=True)
class Changed:
    """One commitment that says something else: its id, its text, and field → (before, after)."""

    id: str
    text: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class RecordChange:
    """The difference of two records of one letter; ``header`` maps a field to (before, after)."""

    letter: str
    gained: tuple[Mapping[str, Any], ...]
    lost: tuple[Mapping[str, Any], ...]
    changed: tuple[Changed, ...]
    header: Mapping[str, tuple[Any, Any]]

    @property
    def is_none(self) -> bool:
        return not (self.gained or self.lost or self.changed or self.header)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> RecordChange:
    """How ``after`` differs from ``before`` in commitments (told apart by their words) and header."""
    old, new = _commitments(before), _commitments(after)
    changed = []
    for key in old.keys() & new.keys():
        fields = {
            name: (_plain(old[key][name]), _plain(new[key][name]))
            for name in _COMPARED
            if _plain(old[key][name]) != _plain(new[key][name])
        }
        if fields:
            changed.append(Changed(key, new[key]["text"], fields))
    return RecordChange(
        letter=before["header"]["document_number"] or before["id"],
        gained=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        lost=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        changed=tuple(sorted(changed, key=lambda c: c.id)),
        header={
            name: (before["header"][name], after["header"][name])
            for name in _HEADER
            if before["header"][name] != after["header"][name]
        },
    )


def tell(changes: Iterable[RecordChange]) -> str:
    """The differences as lines: ``+`` gained, ``-`` lost, ``~`` changed; a letter without any is left out."""
    lines = []
    for change in changes:
        if change.is_none:
            continue
        lines.append(change.letter)
        lines += [f"  ~ {name}: {before} → {after}" for name, (before, after) in change.header.items()]
        lines += [f"  + {s['id']} {s['text']}" for s in change.gained]
        lines += [f"  - {s['id']} {s['text']}" for s in change.lost]
        for one in change.changed:
            lines.append(f"  ~ {one.id} {one.text}")
            lines += [f"      {name}: {before} → {after}" for name, (before, after) in one.fields.items()]
    return "\n".join(lines)


def _commitments(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {s["id"]: s for s in record["statements"] if s["stance"] in COMMITMENT_STANCES}


def _plain(value: Any) -> Any:
    """Owners, deadlines and quantities by what they say, not by where it stands."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if key not in ("span", "basis")}
    return value
