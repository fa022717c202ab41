"""Gives each clause its stance: adds up what its features say and takes the best path through each paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, inf
from typing import Literal, NamedTuple

from flows.letters.clauses import Sentence
from flows.letters.cues import all_cues
from flows.letters.rules.load import load_table
from flows.letters.stance_features import SILENT, Described, Piece, State, names_of, pieces_of

Label = Literal["none", "pledged", "conditional", "ongoing", "declined"]
LABELS: tuple[Label, ...] = ("none", "pledged", "conditional", "ongoing", "declined")
STEPS = ("voiced", "silent", "open", "beside", "turn")
# Scores of so many parts are kept at most.
_REMEMBERED = 50_000
Scores = tuple[float, ...]
_NO_SCORE: Scores = (0.0,) * len(LABELS)


@dataclass(frozen=True, slots=True)
class Weights:
    """Scores by feature of a clause (one per label), and by kind of step for pairs of labels (row: after, column: before).

    ``seen`` remembers the scores of parts already met, ``leads`` what ``needed`` found; neither changes a result.
    """

    clause: dict[str, Scores]
    step: dict[str, tuple[Scores, ...]]
    seen: dict[Piece, Scores] = field(default_factory=dict, compare=False, repr=False)
    leads: dict[str, tuple[Scores, ...]] = field(default_factory=dict, compare=False, repr=False)

    def needed(self, kind: str) -> tuple[Scores, ...]:
        """By how much a label (row) must lead another (column) for every best way to come from it; kept in ``leads``."""
        columns, labels = self.step[kind], range(len(LABELS))
        rows = self.leads[kind] = tuple(
            tuple(-inf if other == leader else max(to[other] - to[leader] for to in columns) + _SURELY for other in labels)
            for leader in labels
        )
        return rows


class Judged(NamedTuple):
    """A clause's label and the scores of every label there."""

    label: Label
    scores: Scores

    @property
    def confidence(self) -> float:
        """How sure it is (0..1): the share of the label among all labels at that place."""
        label, scores = self
        top = max(scores)
        a, b, c, d, e = scores
        shares = exp(a - top) + exp(b - top) + exp(c - top) + exp(d - top) + exp(e - top)
        return exp(scores[LABELS.index(label)] - top) / shares


@cache
def rule_weights() -> Weights:
    """What the tables say, before any learning."""
    table = load_table("stance")
    clause = {name: tuple(float(row.get(label, 0.0)) for label in LABELS) for name, row in table["clause"].items()}
    for cue in all_cues():
        if cue.says != "hint":
            says = "none" if cue.says == "done" else cue.says
            clause[f"c={cue.id}"] = tuple(cue.weight if label == says else 0.0 for label in LABELS)
    return Weights(clause, {kind: _matrix(table["step"][kind]) for kind in STEPS})


def _matrix(pairs: dict[str, float]) -> tuple[Scores, ...]:
    return tuple(tuple(float(pairs.get(f"{a}>{b}", 0.0)) for a in LABELS) for b in LABELS)


def judged(sentences: Sequence[Sentence], clauses: Sequence[Described], weights: Weights) -> list[Judged]:
    """The label of each clause; paragraphs are judged each by itself."""
    out: list[Judged] = []
    start = 0
    while start < len(clauses):
        end = start + 1
        paragraph = sentences[clauses[start].sentence].paragraph
        while end < len(clauses) and sentences[clauses[end].sentence].paragraph == paragraph:
            end += 1
        out.extend(_path(clauses[start:end], weights))
        start = end
    return out


def emission(state: State, weights: Weights) -> Scores:
    """The sum of the state's features' scores, one per label; the parts' scores are remembered, since parts come back."""
    seen = weights.seen
    cues, beside, marks = pieces_of(state)
    c0, c1, c2, c3, c4 = seen.get(cues) or _score(cues, weights)
    b0, b1, b2, b3, b4 = seen.get(beside) or _score(beside, weights)
    m0, m1, m2, m3, m4 = seen.get(marks) or _score(marks, weights)
    return c0 + b0 + m0, c1 + b1 + m1, c2 + b2 + m2, c3 + b3 + m3, c4 + b4 + m4


def _score(piece: Piece, weights: Weights) -> Scores:
    """The scores of one part, remembered from now on."""
    if len(weights.seen) >= _REMEMBERED:
        weights.seen.clear()
    clause = weights.clause
    rows = [clause[name] for name in names_of(piece) if name in clause]
    scores = weights.seen[piece] = tuple(map(sum, zip(*rows, strict=True))) if rows else _NO_SCORE
    return scores


def step_of(before: Described, after: Described) -> str:
    """The kind of step between two neighbouring clauses of a paragraph (see ``rules/stance.toml``)."""
    if before.sentence != after.sentence:
        return "beside" if before.clause.mark == "；" else "turn"
    if before.opens:
        return "open"
    return "silent" if after.state.voice == SILENT else "voiced"


def _path(clauses: Sequence[Described], weights: Weights) -> list[Judged]:
    """Viterbi over one paragraph; ties go to the earlier label, so the result is the same everywhere."""
    emissions = [emission(item.state, weights) for item in clauses]
    best = emissions[0]
    back: list[Sequence[int]] = []
    for before, after, own in zip(clauses, clauses[1:], emissions[1:], strict=False):
        kind = step_of(before, after)
        best, choice = _stepped(best, weights.step[kind], weights.leads.get(kind) or weights.needed(kind), own)
        back.append(choice)
    label = best.index(max(best))
    labels = [label]
    for choice in reversed(back):
        label = choice[label]
        labels.append(label)
    labels.reverse()
    return [
        Judged(LABELS[_heard(own) if label == _NOTHING else label], own)
        for label, own in zip(labels, emissions, strict=True)
    ]


def _stepped(
    best: Scores, columns: tuple[Scores, ...], needed: tuple[Scores, ...], own: Scores
) -> tuple[Scores, Sequence[int]]:
    """The best scores after a step, and for each label the one before it on its best way there."""
    a, b, c, d, e = best
    top = max(best)
    leader = best.index(top)
    to_a, to_b, to_c, to_d, to_e = needed[leader]
    if a + to_a < top and b + to_b < top and c + to_c < top and d + to_d < top and e + to_e < top:
        f, g, h, i, j = columns
        p, q, r, s, t = own
        led = (top + f[leader] + p, top + g[leader] + q, top + h[leader] + r, top + i[leader] + s, top + j[leader] + t)
        return led, _ALL_FROM[leader]
    scores, choice = [], []
    for (to_a, to_b, to_c, to_d, to_e), score in zip(columns, own, strict=True):
        moved = (a + to_a, b + to_b, c + to_c, d + to_d, e + to_e)
        top = max(moved)
        choice.append(moved.index(top))
        scores.append(top + score)
    return tuple(scores), choice


def _heard(scores: Scores) -> int:
    """A clause that speaks up this clearly is not talked down to nothing by its neighbours."""
    top = max(scores)
    return scores.index(top) if top - scores[_NOTHING] > _CLEAR else _NOTHING


_NOTHING, _CLEAR = LABELS.index("none"), 2.0
_ALL_FROM = [(label,) * len(LABELS) for label in range(len(LABELS))]
# Wider than what rounding can do to a sum.
_SURELY = 1e-6
