"""The public set: free of contact data and of letters that are not public, whatever the letter says of itself."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from flows.letters.errors import InvalidRecord
from flows.letters.masking import Private, leaks
from flows.letters.publishing import Publishable, public_set
from tests.proof.letters_for_proof import Disclosure, letter

LEVELS: list[tuple[Disclosure, bool, bool]] = [
    (("主动公开", "public_full"), True, True),
    (("主动公开摘要", "public_summary"), True, False),
    (("依申请公开", "on_request"), False, False),
    (("不予公开", "not_public"), False, False),
    ((None, None), False, False),
]


def offered(number: int, disclosure: Disclosure) -> Publishable:
    _, text, record = letter(number, disclosure=disclosure)
    return Publishable(record, text.decode(), {record["statements"][0]["id"]: {"state": "issued", "done_on": None}})


@pytest.mark.parametrize(("level", "listed", "text"), LEVELS)
def test_a_letter_is_shown_as_far_as_it_allows(level: Disclosure, listed: bool, text: bool) -> None:
    files = public_set([offered(7, level)])
    everything = "\n".join(content.decode() for content in files.values())
    assert ("川民提复〔2024〕7号" in everything) is listed
    assert ("第7处社区服务点" in everything) is text
    rows = json.loads(files["ledger.json"])
    assert len(rows) == listed
    if listed:
        assert rows[0]["state"] == "issued" and (rows[0]["quote"] is not None) is text


def test_the_whole_set_is_free_of_contact_data_and_of_what_is_not_public() -> None:
    letters = [offered(number, level) for number, (level, _, _) in enumerate(LEVELS, 1)]
    files = public_set(letters)
    everything = "\n".join(content.decode() for content in files.values())
    privates = [Private.of(one.record) for one in letters]
    assert all(privates) and all({"13800001234", "王某某", "李某某"} <= set(p.words) for p in privates)
    for private in ("13800001234", "王某某", "李某某"):
        assert private not in everything
    for number in (3, 4, 5):
        assert f"〔2024〕{number}号" not in everything and letters[number - 1].record["id"] not in everything
    assert leaks(everything.replace(letters[0].record["original"]["sha256"], ""), privates) == []


def test_the_tables_can_be_read_and_hold_no_formulas() -> None:
    one = offered(1, LEVELS[0][0])
    record: dict[str, Any] = dict(one.record)
    record["header"] = {**record["header"], "title": "=HYPERLINK(1)"}
    files = public_set([Publishable(record, one.text, {})])
    rows = list(csv.DictReader(io.StringIO(files["letters.csv"].decode("utf-8-sig"))))
    assert rows[0]["标题"] == "'=HYPERLINK(1)" and rows[0]["答复单位"] == "虹川市民政局"
    ledger = list(csv.DictReader(io.StringIO(files["ledger.csv"].decode("utf-8-sig"))))
    assert ledger[0]["承诺原文"].startswith("我局将于2024年12月底前") and ledger[0]["牵头单位"] == "虹川市民政局"


def test_letters_cannot_smuggle_markup_into_the_pages() -> None:
    one = offered(1, LEVELS[0][0])
    record = {**one.record, "header": {**one.record["header"], "title": "<script>alert(1)</script>"}}
    files = public_set([Publishable(record, one.text, {})])
    assert all(b"<script>" not in content for path, content in files.items() if path.endswith(".html"))


def test_what_would_leak_stops_the_publication() -> None:
    one = offered(1, LEVELS[0][0])
    standing = {one.record["statements"][0]["id"]: {"state": "经办人李某某 13900005678", "done_on": None}}
    with pytest.raises(InvalidRecord, match=r"nothing was written: .*ledger\.json"):
        public_set([Publishable(one.record, one.text, standing)])


def test_the_same_letters_give_the_same_files() -> None:
    assert public_set([offered(1, LEVELS[0][0])]) == public_set([offered(1, LEVELS[0][0])])
