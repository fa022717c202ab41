"""The same letter comes in another format, in a poor copy, and corrected: one set of commitments, a person asked where needed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import wiring
from flows.ports import original_key
from tests.reading.sample_files import docx_file
from tests.system.running import System, letter, wait_for

pytestmark = pytest.mark.timeout(240)


def put(system: System, name: str, content: bytes) -> dict[str, Any]:
    """Drop a file and wait until it is done; the letter's row."""
    aside = system.home / f".{name}"
    aside.write_bytes(content)
    aside.rename(system.home / "inbox" / name)
    system.wait_empty_inbox()
    row = system.ledger().letter_of(hashlib.sha256(content).hexdigest())
    assert row is not None, system.logs_tail()
    return row


def sheets(system: System) -> set[Path]:
    return set((system.home / "outbox").rglob("*.json"))


def run_names(system: System, number: str) -> list[str]:
    return [run["name"] for run in system.api("/flow_runs/filter", {"flow_runs": {"name": {"like_": number}}})]


def page(system: System, row: dict[str, Any]) -> str:
    (shown,) = system.api("/artifacts/filter", {"artifacts": {"key": {"any_": [f"letter-{row['id'].lower()}"]}}})
    return str(shown["data"])


def duban(system: System, *words: str) -> str:
    command = [sys.executable, "-m", "flows.cli", *words]
    done = subprocess.run(command, env=system.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_one_letter_in_four_files(system: System) -> None:
    text = letter(401)
    first = put(system, "答复.txt", text.encode())
    before = (system.ledger().counts()["commitments"], sheets(system))

    typed = docx_file(text)
    second = put(system, "答复.docx", typed)
    assert (second["same_as"], system.ledger().counts()["commitments"], sheets(system)) == (first["id"], *before)
    for content in (text.encode(), typed):
        assert wiring.archive(system.settings).get(original_key(hashlib.sha256(content).hexdigest())) == content
    assert any("内容相同，未重复建立承诺事项" in name for name in run_names(system, "401号"))
    assert "其中与已办来函内容相同（不重复立项）：1" in duban(system, "status")

    copied = text.replace("云湖交提复〔2026〕401号\n", "").replace("适老化", "适老仳")
    third = put(system, "抄件.txt", copied.encode())
    assert (system.ledger().counts()["commitments"], sheets(system)) == before
    assert "**本件暂缓交办，待人工确认。**" in page(system, third)
    told = duban(system, "status")
    assert "疑似重复来函、待确认：1" in told
    assert third["id"] in told and "云湖交提复〔2026〕401号《对区政协五届五次会议第401号提案的答复》" in told
    assert "相似9" in duban(system, "duplicates", "list")
    assert "同一来函" in duban(system, "duplicates", "same", third["id"], "--by", "督查室王某", "--reason", "翻印件")
    assert "没有待确认" in duban(system, "duplicates", "list")
    wait_for(lambda: "作为其副本归档" in page(system, third), 20, "the page says what was answered")
    assert "待人工确认" not in page(system, third) and "## 存放位置" in page(system, third)
    assert (system.ledger().counts()["commitments"], sheets(system)) == before

    assert "不同来函" in duban(system, "duplicates", "different", third["id"], "--by", "督查室王某", "--reason", "比对有误")
    assert {row["letter_id"] for row in system.ledger().rows()} == {first["id"], third["id"]}
    wait_for(lambda: "副本" not in page(system, third), 20, "the page says that it was taken back")
    assert not list((system.home / "answered").iterdir())
    assert system.ledger().queued(third["id"])  # the scheduled delivery takes them

    corrected = text.replace("25个", "26个")
    fourth = put(system, "更正.txt", corrected.encode())
    assert (fourth["supersedes"], fourth["version"]) == (first["id"], 2)
    states = {row["letter_id"]: {r["state"] for r in system.ledger().rows() if r["letter_id"] == row["letter_id"]}
              for row in system.ledger().rows()}  # fmt: skip
    assert states[first["id"]] == {"superseded"}
    assert any("更正重发" in name for name in run_names(system, "401号"))
