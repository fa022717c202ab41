"""What an evaluation found letter by letter, and what changed since another one: gained, lost, changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.letters.evaluation import GoldLetter, Json, aspects, header_pairs, pair_statements
from flows.letters.model import COMMITMENT_STANCES


def findings(gold: GoldLetter, record: Json | None) -> dict[str, Any]:
    """One letter's outcome, JSON-shaped.

    ``header``: field → right; ``found``: a gold commitment's text → which of its aspects are right (null: missed);
    ``false``: texts of the record's commitments that are none.
    """
    record = record or {}
    header = {name: wanted == got for name, wanted, got in header_pairs(gold.header, record.get("header") or {})}
    paired = pair_statements(gold, record)
    matched = {i: j for i, j in paired.pairs}
    found: dict[str, dict[str, bool] | None] = {}
    used: set[int] = set()
    for i, wanted in enumerate(paired.gold):
        if wanted["stance"] not in COMMITMENT_STANCES:
            continue
        j = matched.get(i)
        if j is None or paired.predicted[j]["stance"] not in COMMITMENT_STANCES:
            found[wanted["text"]] = None
            continue
        used.add(j)
        same = wanted["stance"] == paired.predicted[j]["stance"]
        found[wanted["text"]] = aspects(wanted, paired.predicted[j]) | {"stance": same}
    false = [
        s["text"] for j, s in enumerate(paired.predicted) if s["stance"] in COMMITMENT_STANCES and j not in used
    ]
    return {"header": header, "found": found, "false": false}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A page of Markdown: what was gained and lost and what changed, letter by letter; one line where nothing did."""
    kinds: dict[str, list[str]] = {"gained": [], "lost": [], "changed": []}
    for name in sorted(set(before) | set(now)):
        if name not in before or name not in now:
            kinds["gained" if name in now else "lost"].append(f"{name}: the letter itself")
            continue
        for kind, what in _letter_changes(before[name], now[name]):
            kinds[kind].append(f"{name}: {what}")
    page: list[str] = []
    for kind, lines in kinds.items():
        if lines:
            page += [f"## {kind} ({len(lines)})", *(f"- {line}" for line in lines), ""]
    return page or ["Nothing was gained or lost, and nothing changed."]


def _letter_changes(before: Json, now: Json) -> Iterator[tuple[str, str]]:
    for name, right in now["header"].items():
        was = before["header"].get(name)
        if was is not None and was != right:
            yield ("gained" if right else "lost"), f"header {name}"
    for text, got in now["found"].items():
        was = before["found"].get(text)
        if (got is None) != (was is None):
            yield ("lost" if got is None else "gained"), f"commitment “{_short(text)}”"
        elif got and was and (differing := _differing(was, got)):
            yield "changed", f"{differing} of “{_short(text)}”"
    for text in _only(now["false"], before["false"]):
        yield "lost", f"a false commitment came: “{_short(text)}”"
    for text in _only(before["false"], now["false"]):
        yield "gained", f"a false commitment went: “{_short(text)}”"


def _differing(was: Mapping[str, bool], got: Mapping[str, bool]) -> str:
    told = [f"{name} {'right' if got[name] else 'wrong'}" for name in got if name != "all" and was.get(name) != got[name]]
    return ", ".join(told)


def _only(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [text for text in these if text not in those]


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:38] + "…"
