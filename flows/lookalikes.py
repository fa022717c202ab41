"""Letters that may be an earlier one again: what is said of them, and a person's answer into ledger and archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.adapters.ledger_lookalikes import Decision, Standing, Verdict
from flows.adapters.sql_ledger import SqlLedger
from flows.letter_page import plain
from flows.letters.errors import StepRefused
from flows.letters.letter_names import names_of, number_of
from flows.letters.model import Assignment, Notice
from flows.ports import Archive

Routed = Callable[[Mapping[str, Any]], tuple[Sequence[Assignment], Sequence[Notice]]]
ANSWERS: Mapping[Verdict, str] = {"same": "同一来函", "version": "更正重发", "different": "不同来函"}
_EFFECTS: Mapping[Verdict, str] = {
    "same": "作为副本归档，不另立承诺事项",
    "version": "取代原件，内容未变的承诺事项沿用原办理进度",
    "different": "单独登记台账并交办",
}
_JOURNAL = "journal/"
_ANSWER, _AFTER = "/lookalike-", "/after-"


def remark(standing: Standing) -> str:
    """What the run's result says beside the letter's name; empty for a letter of its own.  Numbers only: all may see it."""
    if standing.other is None:
        return ""
    number = number_of(standing.other)
    if standing.kind == "same":
        return f"（与已办来函{number}内容相同，未重复建立承诺事项）"
    if standing.kind == "asked":
        return f"（疑似与已办来函{number}重复，相似{standing.percent}%，待人工确认后交办）"
    return f"（{number}的更正重发，承接原承诺事项）"


def stated(standing: Standing, letter_id: str) -> str:
    """The same at length for the letter's page, as Markdown: what follows from it and what to do; numbers only."""
    if standing.other is None:
        return ""
    number, earlier = plain(number_of(standing.other)), standing.other["id"]
    if standing.kind == "same":
        return f"本件与已办来函{number}（{earlier}）内容相同，作为其副本归档，不另立承诺事项。"
    if standing.kind == "version":
        return f"本件为{number}（{earlier}）的更正重发，已取代原件；内容未变的承诺事项沿用原办理进度。"
    return "\n".join([
        "**本件暂缓交办，待人工确认。** "
        f"本件疑似与已办来函{number}（{earlier}）重复，相似{standing.percent}%。确认前，下列承诺事项暂不登记台账、暂不交办。"
        "请督查人员核对两件原件，并按核对结果运行下列命令之一：",
        "",
        *(f"- {name}（{_EFFECTS[verdict]}）：`duban duplicates {verdict} {letter_id} --by 单位和姓名`"
          for verdict, name in ANSWERS.items()),
        "",
        "确认后，本页随即改写。",
    ])  # fmt: skip


def questions(ledger: SqlLedger, limit: int | None = None) -> list[str]:
    """The open questions in words, two lines each: which letters, how alike; then how to answer."""
    rows = ledger.open_lookalikes(limit)
    if not rows:
        return []
    lines = ["以下来函疑似重复来函，请人工确认；确认前其承诺事项暂不交办："]
    for row in rows:
        name, earlier = names_of(row["letter"], row["other"])
        lines.append(f"- {row['letter']['id']}　{name}")
        lines.append(f"  与已办来函 {row['other']['id']}　{earlier} 相似{row['percent']}%")
    answers = "、".join(f"{verdict}（{name}）" for verdict, name in ANSWERS.items())
    return [*lines, f"确认命令：duban duplicates 答案 来函编号 --by 单位和姓名；答案为 {answers}"]


def answer(
    ledger: SqlLedger, archives: Sequence[Archive], journal: Archive, decision: Decision, routed: Routed
) -> bool:
    """Write a person's answer; False where it stood already.  Its letter's commitments enter, unless it is the same.

    The ledger has it first, then ``journal`` (the archive that holds the sealed ledger): whoever died in between gives
    the same answer again.  Raises ``StepRefused`` as the ledger does.
    """
    record = record_of(ledger, archives, decision.letter_id)
    new = ledger.decide_lookalike(decision, record, *routed(record))
    told = ledger.lookalike(decision.letter_id)
    assert told is not None  # noqa: S101 - it was answered just now
    kept = Decision(
        told["letter_id"], told["other_id"], told["answer"], told["answered_by"], told["answered_at"], told["reason"]
    )
    key = f"{_JOURNAL}{kept.at[:10]}{_ANSWER}{kept.letter_id}-{kept.verdict}.json"
    content = json.dumps(asdict(kept), ensure_ascii=False, sort_keys=True).encode("utf-8")
    journal.put(key, content, media_type="application/json")
    return new


def note_answered(folder: Path, decision: Decision) -> None:
    """The letter's page is to be rewritten.  The worker does it: it alone has Prefect at hand, and may not run just now."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{decision.letter_id}.{decision.verdict}").touch()


def keep_order(journal: Archive, letter_id: str, standing: Standing) -> None:
    """Note in the archive which letter came before this one that is like it: a ledger made anew must not turn them round.

    Written once, on the day of the letter's entry; nothing for a letter of its own.
    """
    if standing.other is None:
        return
    key = f"{_JOURNAL}{standing.entered_at[:10]}{_AFTER}{letter_id}.json"
    if journal.receipt(key) is not None:
        return
    content = json.dumps({"letter_id": letter_id, "other_id": standing.other["id"]}).encode("utf-8")
    journal.put(key, content, media_type="application/json")


def archived_order(journal: Archive) -> dict[str, str]:
    """Letter → the earlier letter it is like, as ``keep_order`` and the answers tell."""
    found = {told.letter_id: told.other_id for told in archived_answers(journal)}
    for key in journal.keys(_JOURNAL):
        if _AFTER in key:
            told: dict[str, str] = json.loads(journal.get(key))
            found[told["letter_id"]] = told["other_id"]
    return found


def archived_answers(journal: Archive) -> Iterator[Decision]:
    """Every answer in the archive, in the order of the days."""
    for key in journal.keys(_JOURNAL):
        if _ANSWER in key:
            yield Decision(**json.loads(journal.get(key)))


def record_of(ledger: SqlLedger, archives: Sequence[Archive], letter_id: str) -> dict[str, Any]:
    """The letter's current record from the archive; ``StepRefused`` where there is no such letter."""
    row = ledger.find(letter_id)
    for archive in archives:
        if row is not None and archive.receipt(row["record_key"]) is not None:
            record: dict[str, Any] = json.loads(archive.get(row["record_key"]))
            return record
    raise StepRefused(f"台账或档案中没有来函 {letter_id}")
