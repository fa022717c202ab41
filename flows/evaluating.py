"""Runs the program over annotated letters and tells how well it did, also by fold and against an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows import fold_training
from flows.gold_folder import Example, understood
from flows.letters.agencies import Directory
from flows.letters.evaluation import Counts, measure
from flows.letters.evaluation_changes import changes, findings
from flows.letters.profile import SiteProfile

Run = dict[str, Any]


def run(examples: Sequence[Example], directory: Directory, site: SiteProfile, folds: int | None = None) -> Run:
    """The measures, what was found letter by letter, why letters were refused, notes; JSON-shaped.

    With ``folds``, every letter is read with weights learned from the other folds' letters, and each fold's measures
    stand beside the whole's; without, with the shipped weights.
    """
    order = fold_training.order_of(examples)
    weights = fold_training.weights_by_letter(examples, folds) if folds else {}
    whole, parts = Counts(), [Counts() for _ in range(folds or 0)]
    letters: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for example in examples:
        name = example.gold.name
        record, why = understood(example, directory, site, weights.get(name))
        if record is None:
            refused[name] = why
        counts = measure(example.gold, record)
        whole.add(counts)
        if parts:
            parts[order[name] % len(parts)].add(counts)
        letters[name] = findings(example.gold, record)
    return {
        "measures": whole.measures(),
        "folds": [part.measures() for part in parts],
        "letters": letters,
        "refused": refused,
        "notes": whole.notes,
    }


_PLAIN = (
    "letters", "without_record", "header_accuracy", "lead_owner_accuracy", "routing_accuracy", "deadline_accuracy",
    "specific_accuracy",
)  # fmt: skip
_RATES = ("commitments", "stance", "routable", "quantities")


def page(found: Run) -> str:
    """The measures as lines of text."""
    lines = _measures(found["measures"])
    for number, fold in enumerate(found["folds"], 1):
        lines += ["", f"fold {number} of {len(found['folds'])}", *_measures(fold)]
    lines += [f"refused: {name}: {why}" for name, why in found["refused"].items()]
    lines += [f"note: {note}" for note in found["notes"]]
    return "\n".join(lines)


def _measures(measures: Mapping[str, Any]) -> list[str]:
    lines = [f"{name:22} {measures[name]}" for name in _PLAIN]
    for name in _RATES:
        r = measures[name]
        lines.append(
            f"{name:22} P {r['precision']:.3f}  R {r['recall']:.3f}  F1 {r['f1']:.3f}"
            f"   ({r['hit']}/{r['predicted']} predicted, {r['gold']} gold)"
        )
    fields = ", ".join(f"{name} {value:.2f}" for name, value in measures["header_fields"].items())
    return [*lines, f"header fields          {fields}"]


def difference(before: Run, now: Run) -> str:
    """What was gained and lost and what changed, with the measures that moved."""
    moved = [
        f"{name}: {before['measures'][name]} → {now['measures'][name]}"
        for name in _PLAIN
        if before["measures"].get(name) != now["measures"][name]
    ]
    moved += [
        f"{name} F1: {before['measures'][name]['f1']} → {now['measures'][name]['f1']}"
        for name in _RATES
        if before["measures"][name]["f1"] != now["measures"][name]["f1"]
    ]
    return "\n".join(["", "# Against the previous run", *moved, "", *changes(before["letters"], now["letters"])])
