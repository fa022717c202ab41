"""The workbook and what is reckoned in it: cohorts, conflicts, repeats; the same view gives the same bytes."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest

from flows.letters.digest import digest
from flows.letters.repeats import find_repeats
from flows.letters.workbook import LedgerView, cohorts, conflicts, workbook

DAY = date(2026, 12, 1)


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A ledger row with its letter's columns, as the ledger gives it."""
    names = """summary responsible objection reassigned_on progress evidence extension_reason extension_by done_on told_on
        unfulfilled_reason explanation_number explanation_signer proposer_confirmed_on proposer_rating carried_from repeats
        closed_on closed_by package_key package_sha256 signed_on support section deadline_precision progress_on"""
    base: dict[str, Any] = dict.fromkeys(names.split())
    base |= {
        "id": f"C{number}", "letter_id": f"L{number}", "year": 2025, "state": "in_progress", "stance": "pledged",
        "specific": True, "quote": f"年底前新建口袋公园{number}座", "page": 1, "span_start": 10, "span_end": 30,
        "quantities": '["3座"]', "lead_name": "某区园林局", "lead_mention": "区园林局", "lead_agency_id": "yl",
        "deadline_text": "年底前", "deadline": "2025-12-31", "deadline_provenance": "stated", "due": "2025-12-31",
        "light": "yellow", "extensions": 0, "document_number": f"某园〔2025〕{number}号", "title": "关于公园的答复",
        "dated": "2025-05-06", "disclosure": "public_full", "outcome": "解决或采纳", "outcome_normalised": "solved_or_adopted",
        "proposal_kind": "cppcc_proposal", "proposal_session": "某区政协五届三次会议", "proposal_number": "12",
        "proposal_title": "关于公园的提案", "proposers": '["王某某"]', "sha256": "a" * 64, "original_name": "a.txt",
    }  # fmt: skip
    return base | changes


ROWS = [
    row(1, state="closed", light="green"),
    row(2, state="overdue", light="red", document_number="=HYPERLINK(\"http://evil\")"),
    row(3, state="not_fulfilled"),
    row(4, state="superseded"),
    row(5, year=2026, dated="2026-05-06", lead_name="某区：水务局/排水[处]", lead_agency_id="sw", disclosure=None),
]


def book_of(view: LedgerView) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook(view)))


def test_the_workbook_is_what_an_office_expects() -> None:
    view = LedgerView(ROWS, DAY)
    assert workbook(view) == workbook(view)
    book = book_of(view)
    assert book.sheetnames[:5] == ["承诺事项台账", "按年度落实率", "按单位汇总", "结果与正文不一致", "年年提"]
    assert book.sheetnames[5:] == ["某区园林局", "某区：水务局排水处"]
    sheet = book["承诺事项台账"]
    headings = [cell.value for cell in sheet[3]]
    assert sheet.freeze_panes == "C4"
    assert sheet.auto_filter.ref.startswith("A3:")
    assert {choice.type for choice in sheet.data_validations.dataValidation} == {"list"}
    light = headings.index("进度灯")
    assert [sheet[line][light].value for line in (4, 5)] == ["绿灯", "红灯"]
    assert sheet[5][light].fill.fgColor.rgb.endswith("F4A6A6")
    assert "未公开" in sheet["A2"].value
    number = sheet[5][headings.index("答复文号")]
    assert (number.value, number.data_type) == ('=HYPERLINK("http://evil")', "s")
    assert sheet[4][headings.index("完成时限")].value.date() == date(2025, 12, 31)


def test_the_proposers_are_only_in_the_offices_own_workbook() -> None:
    names = {private: str([c.value for r in book_of(LedgerView(ROWS, DAY, private=private)).worksheets[0] for c in r])
             for private in (True, False)}  # fmt: skip
    assert "王某某" in names[True]
    assert "王某某" not in names[False]


def test_fulfilment_by_year_leaves_out_what_never_was_one() -> None:
    assert cohorts(ROWS) == [[2025, 3, 1, 1, 0, 1, 1 / 3], [2026, 1, 0, 0, 1, 0, 0.0]]
    assert cohorts([row(1, state="proposed")]) == []


def test_a_label_that_says_settled_over_a_text_that_promises_is_listed() -> None:
    found = conflicts([*ROWS, row(6, outcome_normalised="planned")])
    assert [line[5] for line in found] == ["C1", "C2", "C3", "C5"]
    assert [line[4] for line in found] == [0, 1, 1, 1]


REPEATS = [
    # quote of 2025, quote of 2026, are they the same promise
    ("加快推进滨江路沿线停车场建设，新增停车泊位300个", "加快推进滨江路沿线停车场建设，新增停车泊位500个", True),
    ("加快推进滨江路沿线停车场建设，新增停车泊位300个", "将加快推进滨江路沿线公共停车场建设，年内新增停车泊位500个", True),
    ("加快推进滨江路沿线停车场建设，新增停车泊位300个", "完成老旧小区加装电梯120台，惠及居民四千余户", False),
    ("尽快办理", "尽快办理", False),  # too short to tell
]


@pytest.mark.parametrize(("earlier", "later", "same"), REPEATS)
def test_the_same_promise_a_year_later_is_found(earlier: str, later: str, same: bool) -> None:
    rows = [row(1, quote=earlier), row(2, quote=later, dated="2026-05-06")]
    found = find_repeats(rows)
    assert [(pair.later, pair.earlier) for pair in found] == ([("C2", "C1")] if same else [])
    assert find_repeats(list(reversed(rows))) == found


@pytest.mark.parametrize("changes", [{"letter_id": "L1"}, {"dated": "2025-05-06"}, {"lead_agency_id": "other"}])
def test_what_cannot_be_a_repeat_is_none(changes: dict[str, Any]) -> None:
    quote = "加快推进滨江路沿线停车场建设，新增停车泊位300个"
    assert find_repeats([row(1, quote=quote), row(2, **{"quote": quote, "dated": "2026-05-06"} | changes)]) == []


def test_no_pair_above_the_threshold_is_missed() -> None:
    texts = ["新建社区养老服务中心并配备护理人员", "新建社区养老服务站点并配备专业护理人员", "改造社区养老服务中心并配备护理设备"]
    rows = [row(n, quote=f"{text}{'甲乙丙丁'[n % 4] * (n % 3)}", dated=f"20{10 + n}-01-01") for n, text in enumerate(texts * 6)]
    found = {pair.later: pair.likeness for pair in find_repeats(rows)}
    for later in rows:
        best = max((_likeness(later["quote"], e["quote"]) for e in rows if e["dated"] < later["dated"]), default=0.0)
        assert found.get(later["id"], 0.0) == (pytest.approx(best) if best >= 0.6 else 0.0)


def _likeness(one: str, other: str) -> float:
    ours, theirs = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other))
    return len(ours & theirs) / len(ours | theirs)


def test_the_digest_shows_numbers_and_hides_what_is_not_public() -> None:
    page = digest(LedgerView([*ROWS, row(7, state="overdue", disclosure="not_public", quote="不得公开的话|<b>")], DAY))
    assert "- 逾期：2" in page
    assert "25.0%" in page
    assert "不得公开的话" not in page


def question(disclosure: str | None, other: str | None = None) -> dict[str, Any]:
    """An open question as the ledger gives it: a scan without a number, and the earlier letter it is like."""
    letter = {"id": "Laa", "document_number": None, "title": "关于公厕的答复", "dated": "2026-03-02", "disclosure": disclosure}
    earlier = letter | {"id": "Lbb", "document_number": "某城〔2026〕3号", "title": "关于*公厕的复函", "disclosure": other}
    earlier["dated"] = "2026-03-01"
    return {"percent": 87, "asked_at": "2026-11-30T17:00:00Z", "letter": letter, "other": earlier}


def test_a_letter_held_back_stands_in_workbook_and_digest_with_what_to_do() -> None:
    view = LedgerView(ROWS, DAY, lookalikes=[question("public_full")])
    sheet = book_of(view)["疑似重复来函"]
    assert [cell.value for cell in sheet[4]][:4] == ["Laa", "无文号（Laa）《关于公厕的答复》（2026-03-02）", "Lbb",
                                                     "某城〔2026〕3号《关于*公厕的复函》（2026-03-01）"]  # fmt: skip
    assert (sheet["E4"].value, sheet["E4"].number_format, sheet["F4"].value.date()) == (0.87, "0.0%", DAY)
    page = digest(view)
    assert "| Laa | 无文号（Laa）《关于公厕的答复》（2026-03-02） | Lbb | 某城〔2026〕3号《关于\\*公厕的复函》" in page
    assert "| 87.0% | 2026-12-01 |" in page
    assert "- 疑似重复来函待确认：1" in page
    assert all("duban duplicates same" in said for said in (sheet["A2"].value, page))


def test_without_a_question_neither_speaks_of_one() -> None:
    view = LedgerView(ROWS, DAY)
    assert "疑似重复来函" not in book_of(view).sheetnames
    assert "duplicates" not in digest(view)


@pytest.mark.parametrize("disclosures", [("not_public", "public_full"), ("public_full", "on_request")])
def test_of_a_pair_one_of_which_is_not_public_only_the_numbers_are_shown(disclosures: tuple[str, str]) -> None:
    view = LedgerView([], DAY, lookalikes=[question(*disclosures)])
    shown = digest(view) + str([cell.value for line in book_of(view)["疑似重复来函"] for cell in line])
    assert "某城〔2026〕3号" in shown
    assert not any(words in shown for words in ("公厕", "2026-03-02", "2026-03-01"))
