"""Measures how often each kind of answer is right on gold letters, and writes flows/letters/rules/confidence.toml.

usage: calibrate_confidence.py [--folds N] [--out FILE] --gold FOLDER AGENCIES [--gold FOLDER AGENCIES …] [--below NUMBER]

The stance is measured on letters held back from the training of its weights, fold by fold.  But the rules were written
with these letters at hand; what was reached on letters nobody had looked at (``FIRST_SIGHT``) is therefore taken as that
many more observations of every case.  Prints the reliability of each bin as it is after this.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from train_stance import _pairs, chains_of, gold_spans, letter_of, train

from flows.letters.agencies import Directory
from flows.letters.completing import completed
from flows.letters.confidence import Cases, in_bins, kind_of, product
from flows.letters.model import ReplyLetter, Statement
from flows.letters.statements import statements_with

# (share right, weight in observations): what letters that no rule had seen reached, over tests/letters/own/README.md.
FIRST_SIGHT = {
    "owner": (0.92, 25.0),
    "deadline": (0.955, 25.0),
    "quantities": (0.93, 25.0),
    "commitment": (0.87, 25.0),
    "other": (0.65, 25.0),
}
# All fields together, from the same: a commitment's precision times its fields' shares.
FIRST_SIGHT_OVERALL = {"commitment": (0.71, 25.0), "other": (0.53, 25.0)}
FIELDS = ("stance", "owner", "deadline", "quantities")
LEAST = 40  # statements in one bin


@dataclass(frozen=True)
class Seen:
    """A statement the program found, and which of its fields are right."""

    cases: Cases
    right: dict[str, bool]


def squash(text: object) -> str:
    return "".join(str(text or "").split())


def fields_right(statement: Statement, gold: dict[str, Any]) -> dict[str, bool]:
    """Lead owner (by official name), deadline and quantities against a gold statement."""
    lead = {squash(owner["name"]) for owner in gold["owners"] if owner["role"] == "lead"} or {""}
    own = {squash(owner.name) for owner in statement.owners if owner.role == "lead"} or {""}
    deadline = statement.deadline
    day = deadline.day.isoformat() if deadline and deadline.day and deadline.provenance != "policy_default" else None
    wanted = sorted((float(q["value"]), squash(q["unit"])) for q in gold["quantities"])
    return {
        "owner": bool(lead & own),
        "deadline": day == (gold["deadline"] or {}).get("date"),
        "quantities": wanted == sorted((float(q.value), squash(q.unit)) for q in statement.quantities),
    }


def seen_in(
    letter: ReplyLetter, statements: Sequence[dict[str, Any]], found: Iterable[tuple[Statement, Cases]]
) -> list[Seen]:
    open_gold = [statement for statement in statements if statement["stance"] != "done"]
    places = [span for span, _ in gold_spans(letter, statements)]
    own = [(statement, cases) for statement, cases in found if statement.stance != "done"]
    partner = {k: i for i, k in _pairs(places, [statement.span for statement, _ in own])}
    out = []
    for k, (statement, cases) in enumerate(own):
        gold = open_gold[partner[k]] if k in partner else None
        stance = gold is not None and gold["stance"] == statement.stance
        # A field can be right or wrong only where the statement itself is there.
        out.append(Seen(cases, {"stance": stance, **(fields_right(statement, gold) if gold else {})}))
    return out


def held_back(golds: Sequence[tuple[Path, Path]], folds: int, below: int) -> list[Seen]:
    """Every statement of every letter, found with weights that had not seen the letter."""
    letters, directories = {}, {}
    for folder, agencies in golds:
        directory = Directory.load(agencies)
        for gold_file in sorted(folder.glob("*.gold.json")):
            if int(gold_file.name[:3]) < below and (found := letter_of(gold_file)):
                letters[found[0]] = found
                directories[found[0]] = directory
    chains = {name: chains_of(letter, statements) for name, letter, statements in letters.values()}
    order = sorted(chains, key=lambda name: hashlib.sha256(name.encode()).digest())
    seen: list[Seen] = []
    for fold in range(folds):
        tested = order[fold::folds]
        weights = train([chain for name in order if name not in tested for chain in chains[name]]).weights()
        for name in tested:
            _, letter, statements = letters[name]
            drafts = statements_with(letter, weights)
            seen += seen_in(letter, statements, completed(letter, drafts, directories[name]))
    return seen


def bins_of(points: list[tuple[float, bool]], prior: tuple[float, float]) -> list[list[float]]:
    """Isotonic regression: neighbouring blocks are pooled until shares rise and each holds ``LEAST`` statements.

    Every block is drawn to ``prior`` (share right, weight in observations).
    """
    blocks: list[list[float]] = []  # least raw value, right, all
    for raw, right in sorted(points):
        blocks.append([raw, float(right), 1.0])
        while len(blocks) > 1 and (
            blocks[-2][2] < LEAST or blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]
        ):
            _, right_here, count = blocks.pop()
            blocks[-1][1] += right_here
            blocks[-1][2] += count
    if len(blocks) > 1 and blocks[-1][2] < LEAST:
        _, right_here, count = blocks.pop()
        blocks[-1][1] += right_here
        blocks[-1][2] += count
    blocks[0][0] = 0.0
    share, weight = prior
    found = [[round(least, 3), round((right + share * weight) / (count + weight), 3)] for least, right, count in blocks]
    # Drawn to the prior, a small block may sink below the one before it.
    for before, after in pairwise(found):
        after[1] = max(before[1], after[1])
    return found


def case_table(seen: Sequence[Seen], field: str) -> dict[str, float]:
    share, weight = FIRST_SIGHT[field]
    counts: dict[str, list[float]] = defaultdict(lambda: [share * weight, weight])
    for entry in seen:
        if field in entry.right:
            count = counts[getattr(entry.cases, field)]
            count[0] += entry.right[field]
            count[1] += 1
    return {"other": share, **{case: round(right / all_, 3) for case, (right, all_) in sorted(counts.items())}}


def field_values(table: dict[str, Any], cases: Cases) -> list[float]:
    others = [table[field].get(getattr(cases, field), table[field]["other"]) for field in FIELDS[1:]]
    return [in_bins(table["stance"][cases.stance], cases.score), *others]


def reliability(points: Sequence[tuple[float, bool]], name: str) -> None:
    cells: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for said, right in points:
        cell = cells[min(9, int(said * 10))]
        cell[0] += said
        cell[1] += right
        cell[2] += 1
    error = sum(abs(said - right) for said, right, _ in cells.values()) / max(1, len(points))
    rows = ", ".join(f"{said / n:.2f}→{right / n:.2f} ({n:.0f})" for _, (said, right, n) in sorted(cells.items()))
    print(f"{name:11} said→right (statements): {rows}; expected calibration error {error:.3f}")


def toml_of(table: dict[str, Any]) -> str:
    lines = [
        "# Measured shares of right answers among cases like it, on gold letters; written by",
        "# benchmarks/calibrate_confidence.py.  Bins are [least raw value, share right].",
    ]
    for name in ("overall", *FIELDS):
        lines += ["", f"[{name}]", *(f"{case} = {value}" for case, value in table[name].items())]
    return "\n".join(lines) + "\n"


def calibrated(seen: Sequence[Seen]) -> dict[str, Any]:
    stances = ("pledged", "conditional", "ongoing", "declined")
    table: dict[str, Any] = {
        "stance": {
            s: bins_of(
                [(e.cases.score, e.right["stance"]) for e in seen if e.cases.stance == s], FIRST_SIGHT[kind_of(s)]
            )
            for s in stances
        },
        **{field: case_table(seen, field) for field in FIELDS[1:]},
    }
    # What is reported as done carries no promise; gold letters do not list it, so its own score stands.
    table["stance"]["done"] = [[i / 10, round(i / 10 + 0.05, 2)] for i in range(10)]
    table["overall"] = {
        kind: bins_of(
            [(product(field_values(table, e.cases)), all_right(e)) for e in seen if kind_of(e.cases.stance) == kind],
            FIRST_SIGHT_OVERALL[kind],
        )
        for kind in ("commitment", "other")
    }
    return table


def all_right(entry: Seen) -> bool:
    return len(entry.right) == len(FIELDS) and all(entry.right.values())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gold", nargs=2, action="append", type=Path, required=True)
    options.add_argument("--folds", type=int, default=5)
    options.add_argument("--below", type=int, default=1000, help="only letters with a lower number")
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    seen = held_back(chosen.gold, chosen.folds, chosen.below)
    for half in (0, 1):
        # Honest figure: measured on one half, checked on the other.
        table = calibrated(seen[half::2])
        tested = [(entry, field_values(table, entry.cases)) for entry in seen[1 - half :: 2]]
        reliability([(values[0], entry.right["stance"]) for entry, values in tested], "stance")
        for kind, bins in table["overall"].items():
            those = [(e, values) for e, values in tested if kind_of(e.cases.stance) == kind]
            reliability([(in_bins(bins, product(values)), all_right(e)) for e, values in those], kind)
    if chosen.out:
        chosen.out.write_text(toml_of(calibrated(seen)), "utf-8")
        print(f"wrote {chosen.out} from {len(seen)} statements")


if __name__ == "__main__":
    main()
