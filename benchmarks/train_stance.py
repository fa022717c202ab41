"""Learns corrections to the stance weights from gold letters: a linear-chain CRF over the clauses' features.

usage: train_stance.py [--out FILE] [--folds N] [--twice FIRST-LAST]… [--without FIRST-LAST]… GOLD…

Each GOLD is a NAME.gold.json beside NAME.txt (or NAME.clean.txt).  The rule tables' weights are the starting point and
the place to which the penalty pulls, so a feature the letters say nothing about keeps its hand-set weight.  Prints, per
folder, what the rules alone reach and what letters held back reach; writes the corrections as JSON.  Letters whose
numbers lie in ``--twice`` count twice: offices' letters report more than written ones, so those that mostly report must.
``--without`` leaves letters out: those kept back to tell how the weights do.  The weights in the repository come from

    train_stance.py --twice 001-048 --twice 301-314 --twice 411-524 --twice 541-556 --without 557-580 \\
        --out flows/letters/model_weights/stance.json tests/letters/dev/*.gold.json tests/letters/own/*.gold.json

Runs of two characters are learned only where ``LEAST_LETTERS`` letters have them, are pulled to nothing harder than
the other features, and are left out where little comes of it: so they say what words of the language mean, not what
single letters are about.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flows.letters.clauses import sentences_of, view_of
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import COMMITMENT_STANCES, ReplyLetter, Span
from flows.letters.reading import read
from flows.letters.stance import LABELS, STEPS, Weights, rule_weights
from flows.letters.stance_features import RUN, Described, described, features_of
from flows.letters.statements import statements_with

N = len(LABELS)
# For runs of two characters: how many letters must have them, how much harder they are pulled, what is left out.
LEAST_LETTERS, RUN_PULL, RUN_LEAST = 5, 8 / 3, 0.04
NONE = (LABELS.index("none"),)


@dataclass(frozen=True)
class Chain:
    """A paragraph of ``letter``: its clauses, and for each the labels that agree with the gold statements."""

    letter: ReplyLetter
    clauses: list[Described]
    allowed: list[tuple[int, ...]]


def squash_with_map(text: str) -> tuple[str, list[int]]:
    """``text`` without white space, compatibility forms folded, and each character's offset in ``text``."""
    out, places = [], []
    for place, char in enumerate(text):
        for folded in unicodedata.normalize("NFKC", char):
            if not folded.isspace() and folded not in "\u200b\ufeff":
                out.append(folded)
                places.append(place)
    return "".join(out), places


def gold_labels(letter: ReplyLetter, statements: Sequence[dict[str, object]]) -> list[str]:
    """The gold stance at each character of the letter's text, "" outside every statement."""
    text = letter.text.text
    flat, places = squash_with_map(text)
    stance, cursor = [""] * len(text), 0
    for statement in statements:
        wanted, _ = squash_with_map(str(statement["text"]))
        at = flat.find(wanted, cursor)
        if at < 0:
            at = flat.find(wanted)
        if at < 0:
            print("gold text not in the letter:", wanted[:40], file=sys.stderr)
            continue
        cursor = at + len(wanted)
        for place in places[at:cursor]:
            stance[place] = str(statement["stance"])
    return stance


def chains_of(letter: ReplyLetter, statements: Sequence[dict[str, object]]) -> list[Chain]:
    view = view_of(letter.text.text)
    sentences = sentences_of(letter, view)
    stance = gold_labels(letter, statements)
    chains: dict[int, Chain] = {}
    for item in described(letter, view, sentences):
        paragraph = sentences[item.sentence].paragraph
        chain = chains.setdefault(paragraph, Chain(letter, [], []))
        inside = [stance[i] for i in range(item.clause.start, item.clause.end)]
        most = max(dict.fromkeys(inside), key=inside.count)
        chain.clauses.append(item)
        chain.allowed.append((LABELS.index(most),) if most in LABELS else NONE)
    for chain in chains.values():
        _leave_open(chain)
    return list(chains.values())


def _leave_open(chain: Chain) -> None:
    """Readers differ on whether the facts before a refusal belong to it, so nothing is learned from them there."""
    declined = LABELS.index("declined")
    for t in range(len(chain.clauses) - 2, -1, -1):
        here, after = chain.clauses[t], chain.clauses[t + 1]
        if here.sentence != after.sentence or declined not in chain.allowed[t + 1] or here.voice == "declined":
            continue
        if chain.allowed[t] in (NONE, (declined,)):
            chain.allowed[t] = (*NONE, declined)


class Model:
    """Feature scores as one array, matrices as three; ``base`` is what the rules say."""

    def __init__(self, chains: Sequence[Chain], least: int) -> None:
        self.rules = rule_weights()
        seen: dict[str, int] = {}
        holding: dict[str, set[int]] = {}
        for chain in {id(chain): chain for chain in chains}.values():
            for name in [name for item in chain.clauses for name in features_of(item)]:
                if not name.startswith(RUN):
                    seen[name] = seen.get(name, 0) + 1
                elif re.fullmatch("[\u4e00-\u9fff]{2}", name[-2:]):
                    holding.setdefault(name, set()).add(id(chain.letter))
        seen |= {name: len(letters) for name, letters in holding.items()}
        self.names = sorted(
            name
            for name, count in seen.items()
            if count >= (LEAST_LETTERS if name.startswith(RUN) else least) or name in self.rules.clause
        )
        self.index = {name: i for i, name in enumerate(self.names)}
        base = [np.array([self.rules.clause.get(name, (0.0,) * N) for name in self.names])]
        base += [np.array(self.rules.step[kind]).T for kind in STEPS]
        self.base = np.concatenate([part.ravel() for part in base])
        self.theta = self.base.copy()
        self.runs = np.array([name.startswith(RUN) for name in self.names])
        self.pull = np.ones_like(self.base)
        self.pull[: len(self.names) * N] = np.repeat(np.where(self.runs, RUN_PULL, 1.0), N)

    def parts(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = len(self.names) * N
        return flat[:size].reshape(-1, N), flat[size:].reshape(len(STEPS), N, N)

    def rows(self, chain: Chain) -> list[np.ndarray]:
        return [
            np.array([self.index[name] for name in features_of(item) if name in self.index], dtype=int)
            for item in chain.clauses
        ]

    def kinds(self, chain: Chain) -> list[int]:
        """Which matrix leads to each clause after the first."""
        return [STEPS.index(clause.step) for clause in chain.clauses[1:]]

    def leave_out(self) -> None:
        """Runs that say little say nothing from now on."""
        clause, _ = self.parts(self.theta)
        clause[self.runs & (np.abs(clause).max(axis=1) < RUN_LEAST)] = 0.0

    def corrections(self, digits: int = 3) -> dict[str, object]:
        """What ``flows.letters.stance_model`` adds to the rules; features that changed nothing are left out."""
        clause, steps = self.parts(np.round(self.theta - self.base, digits))
        return {
            "labels": list(LABELS),
            "clause": {name: row.tolist() for name, row in zip(self.names, clause + 0.0, strict=True) if row.any()},
            "step": {kind: (steps[i].T + 0.0).tolist() for i, kind in enumerate(STEPS)},
        }

    def weights(self, digits: int = 3) -> Weights:
        clause, steps = self.parts(self.theta)
        table = dict(self.rules.clause)
        for name, row in zip(self.names, clause, strict=True):
            table[name] = tuple(round(float(x), digits) for x in row)
        matrices = [tuple(tuple(round(float(x), digits) for x in row) for row in m.T) for m in steps]
        return Weights(table, dict(zip(STEPS, matrices, strict=True)))


@dataclass(frozen=True)
class Batch:
    """All chains side by side, padded to the longest: ``rows[c, t]`` are the features of clause ``t`` of chain ``c``."""

    features: np.ndarray  # the features of every clause, one clause after the other
    owner: np.ndarray  # the clause that each of them belongs to
    place: np.ndarray  # chain by time: the clause's number, or one past the last for padding
    inside: np.ndarray  # chain by time: True where there is a clause
    kinds: np.ndarray  # chain by time: which step leads to the clause
    allowed: np.ndarray  # chain by time by label: 0 where the label agrees with the gold, -inf where not


def batch_of(model: Model, chains: Sequence[Chain]) -> Batch:
    longest, clauses = max(len(c.clauses) for c in chains), sum(len(c.clauses) for c in chains)
    features: list[np.ndarray] = []
    place = np.full((len(chains), longest), clauses)
    kinds = np.zeros((len(chains), longest), dtype=int)
    allowed = np.zeros((len(chains), longest, N))
    at = 0
    for c, chain in enumerate(chains):
        for t, (row, labels) in enumerate(zip(model.rows(chain), chain.allowed, strict=True)):
            features.append(row)
            place[c, t] = at
            allowed[c, t] = -math.inf
            allowed[c, t, list(labels)] = 0.0
            at += 1
        kinds[c, 1 : len(chain.clauses)] = model.kinds(chain)
    owner = np.repeat(np.arange(clauses), [len(row) for row in features])
    return Batch(np.concatenate(features), owner, place, place < clauses, kinds, allowed)


def _summed(rows: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    """The sum of the rows of each group, ``size`` groups by labels."""
    return np.stack([np.bincount(groups, rows[:, label], size) for label in range(N)], axis=1)


def marginals(scores: np.ndarray, steps: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of labels (chain, time, label) and of pairs (chain, time, before, after; time 0 is empty)."""
    chains, longest, _ = scores.shape
    alpha, beta = np.zeros_like(scores), np.zeros_like(scores)
    alpha[:, 0] = scores[:, 0]
    for t in range(1, longest):
        moved = scores[:, t] + _lse(alpha[:, t - 1, :, None] + steps[:, t], 1)
        alpha[:, t] = np.where(inside[:, t, None], moved, alpha[:, t - 1])
    for t in range(longest - 2, -1, -1):
        moved = _lse(steps[:, t + 1] + (scores[:, t + 1] + beta[:, t + 1])[:, None, :], 2)
        beta[:, t] = np.where(inside[:, t + 1, None], moved, 0.0)
    total = _lse(alpha[:, -1], 1)
    single = np.exp(alpha + beta - total[:, None, None]) * inside[:, :, None]
    pairs = np.zeros((chains, longest, N, N))
    ahead = scores[:, 1:] + beta[:, 1:]
    pairs[:, 1:] = np.exp(alpha[:, :-1, :, None] + steps[:, 1:] + ahead[:, :, None, :] - total[:, None, None, None])
    return single, pairs * inside[:, :, None, None]


def _lse(values: np.ndarray, axis: int) -> np.ndarray:
    top = np.max(values, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        summed: np.ndarray = np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis))
    return summed


def train(chains: Sequence[Chain], penalty: float = 3.0, rounds: int = 150, least: int = 5, rate: float = 0.08) -> Model:
    """Gradient descent (Adam) on the penalised log-likelihood; the same letters give the same weights."""
    model = Model(chains, least)
    batch = batch_of(model, chains)
    clauses = int(batch.inside.sum())
    first, second = np.zeros_like(model.theta), np.zeros_like(model.theta)
    for turn in range(1, rounds + 1):
        gradient = penalty * model.pull * (model.theta - model.base)
        clause, steps = model.parts(model.theta)
        clause_gradient, step_gradient = model.parts(gradient)
        scores = _summed(clause[batch.features], batch.owner, clauses + 1)[batch.place]
        used = steps[batch.kinds]
        free, free_pairs = marginals(scores, used, batch.inside)
        with np.errstate(invalid="ignore"):
            told, told_pairs = marginals(scores + batch.allowed, used, batch.inside)
        single = np.zeros((clauses + 1, N))
        single[batch.place[batch.inside]] = (free - told)[batch.inside]
        clause_gradient += _summed(single[batch.owner], batch.features, len(model.names))
        pairs = free_pairs - told_pairs
        pairs[:, 0] = 0.0
        np.add.at(step_gradient, batch.kinds[batch.inside], pairs[batch.inside])
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        step = (first / (1 - 0.9**turn)) / (np.sqrt(second / (1 - 0.999**turn)) + 1e-8)
        model.theta = model.theta - rate * (1 - turn / (rounds + 1)) * step
    model.leave_out()
    return model


Gold = tuple[str, ReplyLetter, list[dict[str, object]]]


def letter_of(gold_file: Path) -> Gold | None:
    """Name, letter and gold statements; None for a letter of another kind, which has no statements."""
    name = gold_file.name.removesuffix(".gold.json")
    clean = gold_file.parent / f"{name}.clean.txt"
    path = clean if clean.exists() else gold_file.parent / f"{name}.txt"
    letter = lay_out(mend(read(path.read_bytes(), path.name)))
    if letter.header.letter_type == "other":
        return None
    return name, letter, json.loads(gold_file.read_text("utf-8"))["statements"]


def measured(letters: Sequence[Gold], weights: dict[str, Weights]) -> str:
    """Precision and recall of commitments, F1 of stances; statements match where half of their characters agree."""
    sums = dict.fromkeys(("hit", "found", "gold", "stance_hit", "stance_found", "stance_gold"), 0)
    for name, letter, statements in letters:
        gold = gold_spans(letter, statements)
        own = [(d.span, d.stance) for d in statements_with(letter, weights[name]) if d.stance != "done"]
        pairs = _pairs([span for span, _ in gold], [span for span, _ in own])
        sums["stance_hit"] += sum(gold[g][1] == own[p][1] for g, p in pairs)
        sums["hit"] += sum(gold[g][1] in COMMITMENT_STANCES and own[p][1] in COMMITMENT_STANCES for g, p in pairs)
        sums["gold"] += sum(stance in COMMITMENT_STANCES for _, stance in gold)
        sums["found"] += sum(stance in COMMITMENT_STANCES for _, stance in own)
        sums["stance_gold"] += len(gold)
        sums["stance_found"] += len(own)
    f1 = 2 * sums["stance_hit"] / max(1, sums["stance_found"] + sums["stance_gold"])
    precision, recall = sums["hit"] / max(1, sums["found"]), sums["hit"] / max(1, sums["gold"])
    return f"commitments P {precision:.3f} R {recall:.3f}, stance F1 {f1:.3f} ({len(letters)} letters)"


def gold_spans(letter: ReplyLetter, statements: Sequence[dict[str, object]]) -> list[tuple[Span, str]]:
    flat, places = squash_with_map(letter.text.text)
    found, cursor = [], 0
    for statement in statements:
        wanted, _ = squash_with_map(str(statement["text"]))
        at = flat.find(wanted, cursor)
        at = flat.find(wanted) if at < 0 else at
        if statement["stance"] != "done":
            span = Span(places[at], places[at + len(wanted) - 1] + 1) if at >= 0 else Span(0, 0)
            found.append((span, str(statement["stance"])))
        cursor = at + len(wanted) if at >= 0 else cursor
    return found


def _pairs(gold: Sequence[Span], own: Sequence[Span]) -> list[tuple[int, int]]:
    """One-to-one pairs of spans that share at least half of their characters, best first."""
    ranked = sorted(((_overlap(g, p), i, k) for i, g in enumerate(gold) for k, p in enumerate(own)), reverse=True)
    taken_gold, taken_own, pairs = set[int](), set[int](), []
    for share, i, k in ranked:
        if share >= 0.5 and i not in taken_gold and k not in taken_own:
            taken_gold.add(i)
            taken_own.add(k)
            pairs.append((i, k))
    return pairs


def _overlap(a: Span, b: Span) -> float:
    both = min(a.end, b.end) - max(a.start, b.start)
    return both / (max(a.end, b.end) - min(a.start, b.start)) if both > 0 else 0.0


def _lies_in(name: str, ranges: Sequence[str]) -> bool:
    """Whether the letter's number (411-…) lies in one of the ranges FIRST-LAST."""
    number = name.partition("-")[0]
    return any(first <= number <= last for first, _, last in (said.partition("-") for said in ranges))


def _by_lines(corrections: dict[str, object]) -> str:
    """JSON with a line for each feature, so that a change of the weights can be read."""
    text = json.dumps(corrections, ensure_ascii=False, indent=0)
    return re.sub(r"\n(?=[-\d\]])", " ", text).replace("[ ", "[").replace(" ]", "]") + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("gold", nargs="+", type=Path)
    options.add_argument("--out", type=Path)
    options.add_argument("--folds", type=int, default=5)
    options.add_argument("--penalty", type=float, default=3.0)
    options.add_argument("--twice", action="append", default=[], metavar="FIRST-LAST")
    options.add_argument("--without", action="append", default=[], metavar="FIRST-LAST")
    chosen = options.parse_args()
    letters: dict[Path, list[Gold]] = {}
    for gold_file in chosen.gold:
        if _lies_in(gold_file.name, chosen.without):
            continue
        if found := letter_of(gold_file):
            letters.setdefault(gold_file.parent, []).append(found)
    everything = [entry for folder in letters.values() for entry in folder]
    chains = {name: chains_of(letter, statements) for name, letter, statements in everything}
    counted = {name: chain * (2 if _lies_in(name, chosen.twice) else 1) for name, chain in chains.items()}
    order = sorted(chains, key=lambda name: hashlib.sha256(name.encode()).digest())
    held: dict[str, Weights] = {}
    for fold in range(chosen.folds if chosen.folds > 1 else 0):
        tested = order[fold :: chosen.folds]
        learned = train([c for name in order if name not in tested for c in counted[name]], chosen.penalty)
        held.update(dict.fromkeys(tested, learned.weights()))
    for folder in letters:
        print(f"{folder} rules alone: {measured(letters[folder], dict.fromkeys(order, rule_weights()))}")
        if held:
            print(f"{folder} held back:   {measured(letters[folder], held)}")
    if chosen.out:
        model = train([c for name in order for c in counted[name]], chosen.penalty)
        chosen.out.write_text(_by_lines(model.corrections()), "utf-8")
        print(f"wrote {chosen.out}, {len(model.names)} features")


if __name__ == "__main__":
    main()
