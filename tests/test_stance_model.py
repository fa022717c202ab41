"""The learned corrections fit the rules they correct, explain themselves and keep within their size."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flows.letters.clauses import Clause
from flows.letters.cues import all_cues, said_by
from flows.letters.errors import RulesError
from flows.letters.rules.load import load_table
from flows.letters.stance import LABELS, STEPS, emissions, rule_weights
from flows.letters.stance_features import Described, features_of
from flows.letters.stance_marks import MARKS, marks_called
from flows.letters.stance_model import corrected, stance_weights

LETTERS = Path(__file__).parent / "letters"
FILE = resources.files("flows.letters.model_weights") / "stance.json"
LEARNED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
NOTHING: dict[str, Any] = {
    "labels": list(LABELS),
    "clause": {},
    "step": {kind: [[0.0] * len(LABELS)] * len(LABELS) for kind in STEPS},
}


def clause(voice: str, *ids: str, marks: tuple[str, ...] = ()) -> Described:
    said = replace(said_by(ids), voice=voice)
    return Described(Clause(0, 1, ""), 0, said, marks_called(marks), (voice, "-", "^", "$", 0, "", ""), "turn", "")


def test_the_file_is_small() -> None:
    assert len(FILE.read_bytes()) < 5_000_000


def test_every_cue_the_model_speaks_of_is_a_row_of_the_table() -> None:
    named = {name.removeprefix("c=") for name in LEARNED["clause"] if name.startswith("c=")}
    assert named - {cue.id for cue in all_cues()} == set()


def test_every_other_feature_is_made_of_known_parts() -> None:
    part = re.compile(
        r"r=..|bias|label|leadin|joint|parens|row|row_head|titled|acts|both=[a-z]+\+[a-z]+|c=[a-z_]+"
        r"|(?:firm&|condition&|asked&)?v=(?:-|[a-z]+)(?:&(?:(?:time|before|after|lead|head)=(?:[-^$]|[a-z]+)|[a-z]+))?"
    )
    assert [name for name in LEARNED["clause"] if not part.fullmatch(name)] == []


def test_only_runs_of_two_characters_hold_words_and_each_stands_in_several_letters() -> None:
    """What is learned of words must be of the language: a run of a single letter's matter would be learned by heart."""
    wordy = [name for name in LEARNED["clause"] if not name.isascii()]
    assert [name for name in wordy if not re.fullmatch("r=[\u4e00-\u9fff]{2}", name)] == []
    # Training asks for five letters as they are read; broken lines, GBK and old characters hide some of them here.
    letters = [path.read_text("utf-8", errors="ignore") for path in LETTERS.glob("*/*.txt")]
    stands_in = Counter(run for text in letters for run in set(map("".join, pairwise(text))))
    assert [name for name in wordy if stands_in[name.removeprefix("r=")] < 3] == []


def test_without_corrections_the_rules_stand() -> None:
    assert corrected(rule_weights(), NOTHING) == rule_weights()


def test_corrections_are_added() -> None:
    learned = NOTHING | {"clause": {"bias": [0.5, 0.0, 0.0, 0.0, -0.25]}}
    before, after = rule_weights().clause["bias"], corrected(rule_weights(), learned).clause["bias"]
    assert [round(b - a, 4) for a, b in zip(before, after, strict=True)] == [0.5, 0.0, 0.0, 0.0, -0.25]


@pytest.mark.parametrize("wrong", [{"labels": ["pledged"]}, {"step": {"turn": NOTHING["step"]["turn"]}}])
def test_corrections_for_other_labels_or_steps_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RulesError, match="train_stance"):
        corrected(rule_weights(), NOTHING | wrong)


def test_every_feature_of_the_rules_can_occur() -> None:
    possible = {name for voice in ("-", "done", "none", "pledged") for name in features_of(clause(voice, marks=MARKS))}
    listed = [name for name in load_table("stance")["clause"] if re.fullmatch(r"[a-z_]+", name)]
    assert [name for name in listed if name not in possible] == []


@pytest.mark.parametrize(
    ("voice", "cue", "label"),
    [
        ("pledged", "will", "pledged"),
        ("conditional", "wait", "conditional"),
        ("ongoing", "doing", "ongoing"),
        ("declined", "unfit", "declined"),
        ("done", "already", "none"),
        ("none", "courtesy", "none"),
    ],
)
def test_a_plain_cue_decides_by_rules_and_with_corrections(voice: str, cue: str, label: str) -> None:
    for weights in (rule_weights(), stance_weights()):
        (scores,) = emissions([clause(voice, cue)], weights)
        assert LABELS[scores.index(max(scores))] == label
