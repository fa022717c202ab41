"""Drafts become statements: every field, the site's policy, and no text that breaks it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.letters import deadlines, quantities
from flows.letters.agencies import Directory
from flows.letters.completing import complete
from flows.letters.confidence import in_bins
from flows.letters.folding import fold
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import Deadline, Draft, ReplyLetter, Span, Stance
from flows.letters.reading import read
from flows.letters.rules.load import load_table

DIRECTORY = Directory.load(
    '''
[[agency]]
id = "water"
jurisdiction = "甲县"
name = "甲县水利局"
aliases = ["县水利局"]
'''.encode()
)
TEXT = """对县政协一届二次会议第3号提案的答复
张某委员：
您提出的建议收悉。现答复如下：
　　下一步，县水利局将做好以下工作：一是2024年9月底前新建泵站2座；二是进一步加强管理。
甲县水利局
2024年5月6日
"""


def letter_of(text: str) -> ReplyLetter:
    return lay_out(mend(read(text.encode(), "letter.txt")))


def draft_of(letter: ReplyLetter, said: str, stance: Stance = "pledged") -> Draft:
    start = letter.text.text.index(said)
    span = Span(start, start + len(said))
    return Draft(span, stance, ("some_cue",), 0.9, span)


def test_what_must_hold_first_is_none_of_what_is_promised() -> None:
    said = "若省里补助超过40万元，9月底前新建泵站2座"
    letter = letter_of(TEXT.replace("2024年9月底前新建泵站2座", said))
    stances: tuple[Stance, ...] = ("pledged", "conditional")
    for stance in stances:
        (statement,) = complete(letter, [draft_of(letter, said, stance)], DIRECTORY)
        assert [(quantity.value, quantity.unit) for quantity in statement.quantities] == [(2, "座")]


def test_a_statement_has_all_its_fields() -> None:
    letter = letter_of(TEXT)
    (statement,) = complete(letter, [draft_of(letter, "2024年9月底前新建泵站2座")], DIRECTORY)
    assert (statement.text, statement.page, statement.stance, statement.cues, statement.specific) == (
        "2024年9月底前新建泵站2座", 1, "pledged", ("some_cue",), True,
    )  # fmt: skip
    assert [(owner.name, owner.agency_id, owner.role) for owner in statement.owners] == [("甲县水利局", "water", "lead")]
    assert statement.deadline is not None
    assert (statement.deadline.day, statement.deadline.provenance) == (date(2024, 9, 30), "stated")
    assert [(q.value, q.unit, q.text) for q in statement.quantities] == [(2, "座", "2座")]
    assert [field for field, _ in statement.confidences] == ["stance", "owner", "deadline", "quantities"]
    assert 0 < statement.confidence <= min(share for _, share in statement.confidences)


def test_a_general_resolve_is_not_specific() -> None:
    letter = letter_of(TEXT)
    (statement,) = complete(letter, [draft_of(letter, "进一步加强管理")], DIRECTORY)
    assert (statement.specific, statement.deadline, statement.quantities) == (False, None, ())


@pytest.mark.parametrize(("stance", "expected"), [("pledged", date(2024, 11, 6)), ("ongoing", None)])
def test_the_sites_policy_gives_a_commitment_its_term(stance: Stance, expected: date | None) -> None:
    letter = letter_of(TEXT)
    (statement,) = complete(letter, [draft_of(letter, "进一步加强管理", stance)], DIRECTORY, default_months=6)
    wanted = None if expected is None else Deadline("", expected, "day", "policy_default")
    assert statement.deadline == wanted


def test_a_time_printed_behind_an_item_is_its_deadline() -> None:
    text = TEXT.replace("二是进一步加强管理。", "二是进一步加强管理。（责任单位：县水利局；完成时限：2024年12月底）")
    letter = letter_of(text)
    (statement,) = complete(letter, [draft_of(letter, "进一步加强管理")], DIRECTORY)
    assert statement.deadline is not None
    assert (statement.deadline.day, statement.specific) == (date(2024, 12, 31), True)


def test_a_letter_without_a_date_gets_no_term_from_policy() -> None:
    letter = letter_of(TEXT)
    letter = replace(letter, header=replace(letter.header, date=None))
    (statement,) = complete(letter, [draft_of(letter, "进一步加强管理")], DIRECTORY, default_months=6)
    assert statement.deadline is None


CONFIDENCE = load_table("confidence")


@pytest.mark.parametrize("bins", [*CONFIDENCE["stance"].values(), *CONFIDENCE["overall"].values()])
def test_a_higher_score_is_never_less_sure(bins: list[list[float]]) -> None:
    assert bins[0][0] == 0
    assert bins == sorted(bins)
    shares = [in_bins(bins, step / 100) for step in range(101)]
    assert shares == sorted(shares)


MARKS = "0123456789一二三十百千万亿两半年月日号底前内后至—-、，。；（）《》“”"
PIECES = [*MARKS, "今年", "工作日", "季度", "个", "元", "待", "国庆"]
WORDS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=300, deadline=None)
@given(WORDS, st.one_of(st.none(), st.dates(date(2010, 1, 1), date(2035, 12, 31))))
def test_no_text_breaks_dates_and_quantities(text: str, on: date | None) -> None:
    said = fold(text)
    dated = deadlines.find(said, on)
    for quantity in quantities.find(said, dated.taken):
        assert quantity.span is not None and quantity.span.end <= len(text)
        assert quantity.value >= 0
    if dated.deadline is not None and dated.deadline.span is not None:
        assert "".join(dated.deadline.span.quote(text).split()) == dated.deadline.text


LONG = ["县水利局将完成12处，6月底前，", "该局会同有关部门（责任单位：县水利局）。", "由县水利局，", "《“县水利局，"]


@pytest.mark.parametrize("piece", LONG)
@pytest.mark.usefixtures("no_collection")
def test_time_is_linear_in_the_letter(piece: str) -> None:
    # Twice the letter may take three times as long at most: a quadratic step would take four.
    def seconds(times: int) -> float:
        letter = letter_of(TEXT.replace("一是", piece * times + "一是"))
        start = letter.text.text.index(piece)
        places = [start + index * len(piece) for index in range(times)]
        sentence = Span(start, start + times * len(piece))
        drafts = [Draft(Span(at, at + len(piece) - 1), "pledged", (), 0.9, sentence) for at in places]
        begun = time.process_time()
        complete(letter, drafts, DIRECTORY)
        return time.process_time() - begun

    assert seconds(1000) < 3 * seconds(500) + 0.02
