"""The learned corrections to the stance weights: what gold letters say beyond the rule tables."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from flows.letters.errors import RulesError
from flows.letters.stance import LABELS, STEPS, Scores, Weights, rule_weights

_FILE = "stance.json"


@cache
def stance_weights() -> Weights:
    """The rules' weights with the learned corrections added; raises ``RulesError`` where the file does not fit."""
    return corrected(rule_weights(), json.loads(_raw()))


def corrected(rules: Weights, learned: dict[str, Any]) -> Weights:
    """``rules`` plus ``learned``: {"labels", "clause": {feature: corrections}, "step": {kind: matrix of corrections}}."""
    if learned["labels"] != list(LABELS) or sorted(learned["step"]) != sorted(STEPS):
        raise RulesError(
            f"model_weights/{_FILE} was learned for other labels or steps; run benchmarks/train_stance.py again"
        )
    nothing = (0.0,) * len(LABELS)
    clause = dict(rules.clause)
    for name, scores in learned["clause"].items():
        clause[name] = _sum(clause.get(name, nothing), scores)
    step = {
        kind: tuple(_sum(row, change) for row, change in zip(rules.step[kind], learned["step"][kind], strict=True))
        for kind in STEPS
    }
    return Weights(clause, step)


def _sum(base: Scores, change: list[float]) -> Scores:
    return tuple(round(a + b, 4) for a, b in zip(base, change, strict=True))


def _raw() -> bytes:
    return (resources.files("flows.letters.model_weights") / _FILE).read_bytes()
