"""Learns stance weights for each fold of gold letters from the other folds, with the repository's own trainer."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from flows.gold_folder import Example
from flows.letters.errors import RulesError
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.reading import read
from flows.letters.stance import Weights

# Training is no part of the installed program: it needs numpy and the repository.
_TRAINER = Path(__file__).resolve().parents[1] / "benchmarks" / "train_stance.py"


def order_of(examples: Sequence[Example]) -> dict[str, int]:
    """Each example's place in an order that has nothing to do with how the letters were numbered."""
    names = sorted((e.gold.name for e in examples), key=lambda name: hashlib.sha256(name.encode()).digest())
    return {name: place for place, name in enumerate(names)}


def weights_by_letter(examples: Sequence[Example], folds: int) -> dict[str, Weights]:
    """For each letter the weights learned from all letters outside its fold; the same letters give the same weights.

    Raises ``RulesError`` where the trainer is not there.
    """
    trainer, order = _trainer(), order_of(examples)
    chains = {}
    for example in examples:
        letter = lay_out(mend(read(example.gold.text.encode("utf-8"), f"{example.gold.name}.txt")))
        if letter.header.letter_type != "other":
            chains[example.gold.name] = trainer.chains_of(letter, example.gold.statements)
    found: dict[str, Weights] = {}
    for fold in range(folds):
        held = [name for name, place in order.items() if place % folds == fold]
        kept = [chain for name in sorted(chains, key=order.__getitem__) if name not in held for chain in chains[name]]
        weights: Weights = trainer.train(kept).weights()
        found |= dict.fromkeys(held, weights)
    return found


def _trainer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_stance", _TRAINER)
    if not _TRAINER.exists() or spec is None or spec.loader is None:
        raise RulesError(f"{_TRAINER} is not there: measuring by fold needs a checkout of the repository")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("train_stance", module)  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module
