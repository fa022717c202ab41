"""Names that bodies bore for a time: which of two bodies with one name a letter of a given day means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.letters.agencies import Agency

_ANCIENT, _FUTURE = date.min, date.max


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name a body once bore, from its first to its last day (both included; None where the directory does not say)."""

    name: str
    begun: date | None = None
    ended: date | None = None

    @property
    def dated(self) -> bool:
        return self.begun is not None or self.ended is not None

    def holds(self, day: date) -> bool:
        """Whether it was the body's name on that day, as far as the directory says."""
        return (self.begun or _ANCIENT) <= day <= (self.ended or _FUTURE)

    def meets(self, other: FormerName) -> bool:
        """Whether both were borne on one day."""
        return (self.begun or _ANCIENT) <= (other.ended or _FUTURE) and (other.begun or _ANCIENT) <= (self.ended or _FUTURE)


def former_names_of(entries: Iterable[str | Mapping[str, Any]]) -> tuple[FormerName, ...]:
    """The former names of a directory row: plain names, or tables with ``name``, ``from`` and ``until`` (YYYY-MM-DD)."""
    rows = ({"name": entry} if isinstance(entry, str) else entry for entry in entries)
    return tuple(FormerName(row["name"], day_of(row.get("from")), day_of(row.get("until"))) for row in rows)


class Terms:
    """When each body bore each name that was not always its own; names without dates are not held."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, list[FormerName]]] = defaultdict(lambda: defaultdict(list))

    @property
    def any(self) -> bool:
        """Whether any name has dates."""
        return bool(self._of)

    def add(self, name: str, agency: Agency, term: FormerName) -> None:
        """The body bore ``name`` (its official one, or a shorter form of it) as long as ``term`` says."""
        if term.dated:
            self._of[name][agency.id].append(FormerName(name, term.begun, term.ended))

    def dated(self, name: str, agency: Agency) -> bool:
        """Whether the directory says when the body bore this name."""
        return name in self._of and agency.id in self._of[name]

    def only(self, fitting: Sequence[Agency], name: str, day: date | None) -> Agency | None:
        """The one body of ``fitting`` that ``name`` means on ``day`` (None: today, whenever that is); None where several do.

        A body that bore the name on that day comes before those that bear it without dates, and those before the
        bodies that bore it at another time, of which the last before the day is meant.
        """
        if len(fitting) == 1:
            return fitting[0]
        ranked = sorted(((self._rank(agency, name, day), agency) for agency in fitting), key=lambda entry: entry[0])
        return ranked[0][1] if ranked and ranked[0][0] != ranked[1][0] else None

    def ended(self, name: str, agency: Agency, day: date) -> date | None:
        """The last day on which the body bore this name, where that was before ``day``; None where it still did."""
        terms = self._of[name][agency.id] if self.dated(name, agency) else []
        ends = [term.ended for term in terms if term.ended is not None]
        return max(ends) if terms and len(ends) == len(terms) and max(ends) < day else None

    def _rank(self, agency: Agency, name: str, day: date | None) -> tuple[int, int]:
        if not self.dated(name, agency):
            return (1, 0)
        terms = self._of[name][agency.id]
        if day is not None and any(term.holds(day) for term in terms):
            return (0, 0)
        before = [term.ended for term in terms if term.ended is not None and (day is None or term.ended < day)]
        return (2, -max(before).toordinal()) if before else (3, 0)


def day_of(said: str | None) -> date | None:
    """A day of the directory (YYYY-MM-DD); None where it says none."""
    return date.fromisoformat(said) if said is not None else None


def with_days_as_text(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A directory row whose days, where they are TOML's own dates, are text as its schema wants them."""
    if "former_names" not in row and "until" not in row:
        return row
    return _as_text(row)  # type: ignore[no-any-return]


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def term_faults(entries: Iterable[str | Mapping[str, Any]]) -> list[str]:
    """Former names that end before they begin."""
    terms = [term for term in former_names_of(entries) if term.begun and term.ended and term.ended < term.begun]
    return [f"{term.name!r} ends on {term.ended}, before it begins" for term in terms]
