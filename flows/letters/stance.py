"""Gives each clause its stance: adds up what its features say and takes the best path through each paragraph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, inf
from typing import Literal, NamedTuple, TypeVar

from flows.letters.clauses import Sentence
from flows.letters.cues import all_cues
from flows.letters.rules.load import load_table
from flows.letters.stance_features import (
    RUN,
    Cues,
    Described,
    Marked,
    Place,
    Run,
    features_of_cues,
    features_of_marks,
    features_of_place,
    runs_of,
)  # fmt: skip

Label = Literal["none", "pledged", "conditional", "ongoing", "declined"]
LABELS: tuple[Label, ...] = ("none", "pledged", "conditional", "ongoing", "declined")
_PLACE = {label: place for place, label in enumerate(LABELS)}
STEPS = ("voiced", "silent", "open", "beside", "turn")
# Scores of so many parts are kept at most.
_REMEMBERED = 50_000
Scores = tuple[float, ...]
Part = TypeVar("Part")


class _Sums(dict[Part, Scores]):
    """The scores of one part of a clause, summed over its features when first asked for and remembered."""

    def __init__(self, scores: dict[str, Scores], features: Callable[[Part], list[str]]) -> None:
        self._scores = scores
        self._features: Callable[[Part], list[str]] = features

    def __missing__(self, part: Part) -> Scores:
        if len(self) >= _REMEMBERED:
            self.clear()
        known = self._scores
        a = b = c = d = e = 0.0
        for name in self._features(part):
            if name in known:
                p, q, r, s, t = known[name]
                a, b, c, d, e = a + p, b + q, c + r, d + s, e + t
        scores = self[part] = (a, b, c, d, e)
        return scores


@dataclass(slots=True)
class Weights:
    """Scores by feature of a clause (one per label), and by kind of step for pairs of labels (row: after, column: before).

    The other fields are made of these: what parts of clauses score, what two characters side by side score, and what a step
    does from each label in the lead.
    """

    clause: dict[str, Scores]
    step: dict[str, tuple[Scores, ...]]
    cues: _Sums[Cues] = field(init=False, compare=False, repr=False)
    place: _Sums[Place] = field(init=False, compare=False, repr=False)
    marked: _Sums[Marked] = field(init=False, compare=False, repr=False)
    runs: dict[Run, Scores] = field(init=False, compare=False, repr=False)
    leads: dict[str, tuple[_Lead, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.cues = _Sums(self.clause, features_of_cues)
        self.place = _Sums(self.clause, features_of_place)
        self.marked = _Sums(self.clause, features_of_marks)
        self.runs = {(name[-2], name[-1]): row for name, row in self.clause.items() if name.startswith(RUN)}
        self.leads = {kind: _leads(columns) for kind, columns in self.step.items()}


class _Lead(NamedTuple):
    """A label in the lead before a step: what the step adds from it to each label, and how much each other label may
    catch up on it at most.
    """

    adds: Scores
    catches_up: Scores


def _leads(columns: tuple[Scores, ...]) -> tuple[_Lead, ...]:
    labels = range(len(LABELS))
    return tuple(
        _Lead(
            tuple(to[leader] for to in columns),
            tuple(-inf if other == leader else max(to[other] - to[leader] for to in columns) + _SURELY for other in labels),
        )
        for leader in labels
    )


def confidence(label: Label, scores: Scores) -> float:
    """How sure ``label`` is (0..1): its share among all labels at a place with these scores."""
    top, own = max(scores), scores[_PLACE[label]]
    a, b, c, d, e = scores
    shares = exp(a - top) + exp(b - top) + exp(c - top) + exp(d - top) + exp(e - top)
    return (1.0 if own == top else exp(own - top)) / shares


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


def judged(
    sentences: Sequence[Sentence], clauses: Sequence[Described], weights: Weights
) -> tuple[list[Label], list[Scores]]:
    """The label of each clause, and the scores of every label there; paragraphs are judged each by itself."""
    heard = emissions(clauses, weights)
    labels: list[Label] = []
    start = 0
    while start < len(clauses):
        end = start + 1
        paragraph = sentences[clauses[start].sentence].paragraph
        while end < len(clauses) and sentences[clauses[end].sentence].paragraph == paragraph:
            end += 1
        labels += _path(clauses[start:end], heard[start:end], weights)
        start = end
    return labels, heard


def emissions(clauses: Sequence[Described], weights: Weights) -> list[Scores]:
    """The sum of the scores of each clause's features, one per label."""
    cues, places, marked, learned = weights.cues, weights.place, weights.marked, weights.runs.get
    found: list[Scores] = []
    for clause in clauses:
        said = clause.said
        c0, c1, c2, c3, c4 = cues[said.ids]
        b0, b1, b2, b3, b4 = places[clause.place]
        m0, m1, m2, m3, m4 = marked[said.voice, clause.marks]
        a, b, c, d, e = c0 + b0 + m0, c1 + b1 + m1, c2 + b2 + m2, c3 + b3 + m3, c4 + b4 + m4
        for p, q, r, s, t in filter(None, map(learned, runs_of(clause.text))):
            a, b, c, d, e = a + p, b + q, c + r, d + s, e + t
        found.append((a, b, c, d, e))
    return found


def _path(clauses: Sequence[Described], heard: Sequence[Scores], weights: Weights) -> list[Label]:
    """Viterbi over one paragraph; ties go to the earlier label, so the result is the same everywhere."""
    best, leads_of = heard[0], weights.leads
    back: list[Sequence[int]] = []
    for at in range(1, len(clauses)):
        leads, own = leads_of[clauses[at].step], heard[at]
        a, b, c, d, e = best
        top = max(best)
        leader = best.index(top)
        (to_a, to_b, to_c, to_d, to_e), (near_a, near_b, near_c, near_d, near_e) = leads[leader]
        moved: Scores = (top + to_a, top + to_b, top + to_c, top + to_d, top + to_e)
        choice = _ALL_FROM[leader]
        if a + near_a >= top or b + near_b >= top or c + near_c >= top or d + near_d >= top or e + near_e >= top:
            moved, choice = _contested(best, leads, leader, moved)
        a, b, c, d, e = moved
        p, q, r, s, t = own
        best = (a + p, b + q, c + r, d + s, e + t)
        back.append(choice)
    label = best.index(max(best))
    path = [label]
    for choice in reversed(back):
        label = choice[label]
        path.append(label)
    path.reverse()
    return [LABELS[_loud(own) if label == _NONE else label] for label, own in zip(path, heard, strict=True)]


def _contested(best: Scores, leads: Sequence[_Lead], leader: int, moved: Scores) -> tuple[Scores, Sequence[int]]:
    """The best scores after a step, and for each label the one before it; ``moved`` are those that come from the leader."""
    top = best[leader]
    a, b, c, d, e = moved
    to_a = to_b = to_c = to_d = to_e = leader
    for other, near in enumerate(leads[leader].catches_up):
        score = best[other]
        if score + near < top:
            continue
        p, q, r, s, t = leads[other].adds
        if (way := score + p) > a or (way == a and other < to_a):
            a, to_a = way, other
        if (way := score + q) > b or (way == b and other < to_b):
            b, to_b = way, other
        if (way := score + r) > c or (way == c and other < to_c):
            c, to_c = way, other
        if (way := score + s) > d or (way == d and other < to_d):
            d, to_d = way, other
        if (way := score + t) > e or (way == e and other < to_e):
            e, to_e = way, other
    return (a, b, c, d, e), (to_a, to_b, to_c, to_d, to_e)


def _loud(scores: Scores) -> int:
    """A clause that speaks up this clearly is not talked down to nothing by its neighbours."""
    top = max(scores)
    return scores.index(top) if top - scores[_NONE] > _CLEAR else _NONE


_NONE, _CLEAR = LABELS.index("none"), 2.0
_ALL_FROM: list[Sequence[int]] = [(label,) * len(LABELS) for label in range(len(LABELS))]
# Wider than what rounding can do to a sum.
_SURELY = 1e-6
