"""What is measured, that it is measured as others measure it, and what a run says against another."""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from flows.commands.letters import evaluate, read
from flows.letters.evaluation import Counts, GoldLetter, measure
from flows.letters.evaluation_changes import changes, findings

_DEV = Path(__file__).parent / "letters" / "dev"
_SCORER = Path(os.environ.get("DUBAN_SCORER", Path(__file__).parents[2] / "shared" / "tools" / "score.py"))

_TEXT = "我局将于2024年底前安装路灯20盏。正在勘察。暂不拓宽。"
_OWNER = {"mention": "我局", "name": "禾川县住建局", "role": "lead"}
_PROMISE = {
    "text": "我局将于2024年底前安装路灯20盏",
    "stance": "pledged",
    "specific": True,
    "owners": [_OWNER],
    "deadline": {"text": "2024年底前", "date": "2024-12-31"},
    "quantities": [{"value": 20, "unit": "盏"}],
}
_GOLD = GoldLetter(
    "a",
    {"title": "某答复", "issuers": ["乙", "甲"], "date": None, "proposal": {"number": "033", "kind": "cppcc_proposal"}},
    [_PROMISE, {"text": "正在勘察", "stance": "ongoing"}, {"text": "暂不拓宽", "stance": "declined"}],
    _TEXT,
)
_RIGHT = {"header": {**_GOLD.header, "issuers": ["甲", "乙"]}, "statements": _GOLD.statements}


def _measures(record: dict[str, object] | None) -> dict[str, object]:
    return measure(_GOLD, record).measures()


def test_a_right_record_measures_one() -> None:
    measures = _measures(_RIGHT)
    assert measures["header_accuracy"] == measures["routing_accuracy"] == measures["deadline_accuracy"] == 1.0
    assert measures["commitments"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "hit": 1, "predicted": 1, "gold": 1}
    assert measures["stance"]["hit"] == 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "measure_name", "value"),
    [
        ({"owners": [{**_OWNER, "name": "别的局", "mention": "别的局"}]}, "lead_owner_accuracy", 0.0),
        ({"owners": [{**_OWNER, "name": None}]}, "routing_accuracy", 0.0),
        ({"owners": [{**_OWNER, "name": None}]}, "lead_owner_accuracy", 1.0),
        ({"deadline": None}, "deadline_accuracy", 0.0),
        ({"specific": False}, "specific_accuracy", 0.0),
        ({"text": "我局将于2024年底前安装"}, "deadline_accuracy", 1.0),
        ({"text": "我局将"}, "lead_owner_accuracy", 0.0),
    ],
)
def test_each_fault_moves_its_own_measure(change: dict[str, object], measure_name: str, value: float) -> None:
    record = {"header": {}, "statements": [{**_PROMISE, **change}]}
    assert _measures(record)[measure_name] == value


def test_a_letter_without_a_record_found_nothing() -> None:
    measures = _measures(None)
    assert (measures["without_record"], measures["header_accuracy"]) == (1, 0.2)  # null was right


def test_counts_add_up() -> None:
    whole = Counts()
    for record in (_RIGHT, None):
        whole.add(measure(_GOLD, record))
    assert whole.measures()["commitments"] == {
        "precision": 1.0, "recall": 0.5, "f1": 0.6667, "hit": 1, "predicted": 1, "gold": 2,
    }  # fmt: skip


def _scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scorer", _SCORER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not _SCORER.exists(), reason="the reference scorer is not on this machine (DUBAN_SCORER)")
def test_our_measures_are_the_reference_scorers(tmp_path: Path) -> None:
    letters = [str(f) for f in sorted(_DEV.glob("*.txt")) if not f.name.endswith(".clean.txt")]
    out = tmp_path / "out"
    done = CliRunner().invoke(read, [*letters, "--agencies", str(_DEV / "agencies.toml"), "--out", str(out)])
    assert (done.exit_code, len(list(out.glob("*.json")))) == (0, len(letters))
    reference = _scorer().score(str(_DEV), str(out))
    whole = Counts()
    for gold_file in sorted(_DEV.glob("*.gold.json")):
        name = gold_file.name.removesuffix(".gold.json")
        told = json.loads(gold_file.read_text("utf-8"))
        clean = _DEV / f"{name}.clean.txt"
        text = (clean if clean.exists() else _DEV / f"{name}.txt").read_text("utf-8")
        record = json.loads((out / f"{name}.json").read_text("utf-8"))
        whole.add(measure(GoldLetter(name, told["header"], told["statements"], text), record))
    assert whole.measures() | {"problems": whole.notes} == reference


def test_gained_lost_and_changed_are_told() -> None:
    poor = {"header": {}, "statements": [{**_PROMISE, "deadline": None}, {"text": "正在勘察", "stance": "pledged"}]}
    before, now = {"a": findings(_GOLD, poor)}, {"a": findings(_GOLD, _RIGHT)}
    page = "\n".join(changes(before, now))
    assert "## gained (5)" in page
    assert "- a: header title" in page
    assert "- a: a false commitment went: “正在勘察”" in page
    assert "## changed (1)\n- a: deadline right of “我局将于2024年底前安装路灯20盏”" in page
    assert "## lost (5)" in "\n".join(changes(now, before))
    assert changes(now, now) == ["Nothing was gained or lost, and nothing changed."]


_LETTER = """禾交复〔2023〕17号
关于县十六届人大二次会议第41号建议的答复
卫东平代表：
您提出的《关于修缮北关路的建议》（第41号）收悉，现答复如下：
我局将于2023年9月底前完成北关路路面修缮。
禾川县交通运输局
2023年5月9日
"""
_AGENCIES = """[[agency]]
id = "hechuan-transport"
jurisdiction = "河南省禾川县"
name = "禾川县交通运输局"
aliases = ["县交通局"]
"""


def test_a_correction_is_kept_and_measured_from_then_on(tmp_path: Path) -> None:
    letter, agencies, gold = tmp_path / "答复.txt", tmp_path / "agencies.toml", tmp_path / "gold"
    letter.write_text(_LETTER, "utf-8")
    agencies.write_text(_AGENCIES, "utf-8")
    runner = CliRunner()
    assert runner.invoke(read, [str(letter), "--agencies", str(agencies), "--out", str(tmp_path)]).exit_code == 0
    record = json.loads((tmp_path / "答复.json").read_text("utf-8"))
    record["header"]["title"] = "更正后的标题"
    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    run = tmp_path / "run.json"
    args = [str(gold), "--agencies", str(agencies)]
    first = runner.invoke(evaluate, [*args, "--add", str(corrected), str(letter), "--save", str(run)])
    assert first.exit_code == 0, first.output
    measures = json.loads(run.read_text("utf-8"))["measures"]
    assert (measures["letters"], measures["header_fields"]["title"], measures["header_fields"]["date"]) == (1, 0.0, 1.0)
    assert measures["commitments"]["f1"] == 1.0
    again = runner.invoke(evaluate, [*args, "--previous", str(run)])
    assert "Nothing was gained or lost, and nothing changed." in again.output


def test_a_correction_must_quote_its_letter(tmp_path: Path) -> None:
    letter, record = tmp_path / "答复.txt", tmp_path / "r.json"
    letter.write_text(_LETTER, "utf-8")
    record.write_text(json.dumps({"header": {}, "statements": [{**_PROMISE}]}, ensure_ascii=False), "utf-8")
    done = CliRunner().invoke(evaluate, [str(tmp_path / "gold"), "--add", str(record), str(letter)])
    assert "does not say" in str(done.exception)
    assert not (tmp_path / "gold").exists()
