"""The page of a letter: quotes in their context, pictures under them, nothing private, nothing that acts as markup."""

from __future__ import annotations

import copy
from typing import Literal

import pytest

from flows.adapters.ledger_lookalikes import Standing
from flows.letter_page import in_context, letter_page, restated
from flows.letters.masking import Private
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.understanding import Understood, understand
from flows.lookalikes import stated
from tests.reading.test_page_strips import CONTACT, DIRECTORY, text_with

NOBODY = Private(())


@pytest.fixture(scope="module")
def letter() -> Understood:
    text = text_with(CONTACT).replace("我局将", "根据计划，钱某某（0571-87001234）牵头。我局将")
    original = Original("答复.txt", "0" * 64, 1, "text/plain", "1970-01-01T00:00:00Z")
    return understand(read(text.encode(), "答复.txt"), original, DIRECTORY, SiteProfile())


def test_every_commitment_stands_in_its_context_in_bold(letter: Understood) -> None:
    page = letter_page(letter.record, letter.text.text, [], "outbox", {})
    assert "牵头。 **我局将于2025年底前完成公厕改造12座。**" in page


def test_nobody_is_named_and_no_number_stands_on_the_page(letter: Understood) -> None:
    page = letter_page(letter.record, letter.text.text, [], "outbox", {})
    assert not any(words in page for words in ("赵某某", "王某某", "87001234"))


def test_pictures_stand_under_their_commitment(letter: Understood) -> None:
    (statement,) = letter.record["statements"]
    page = letter_page(letter.record, letter.text.text, [], "outbox", {statement["id"]: [(2, b"png")]})
    quote, picture = page.index("我局将于2025"), page.index("   ![原件第2页](data:image/png;base64,cG5n)")
    assert quote < picture < page.index("## 存放位置")


def test_a_restricted_letter_shows_number_and_state_only(letter: Understood) -> None:
    record = copy.deepcopy(letter.record)
    record["header"] |= {"disclosure": "不予公开", "disclosure_normalised": "not_public", "title": "关于公厕"}
    page = letter_page(record, letter.text.text, [], "outbox", {record["statements"][0]["id"]: [(1, b"png")]}, "另有图。")
    assert "本件不主动公开" in page
    assert not any(words in page for words in ("公厕", "data:", "另有图"))


@pytest.mark.parametrize(
    ("text", "quote", "shown"),
    [
        ("甲\n将修路。\n乙", "将修路。", "**将修路。**"),
        ("先谈再定，将修路。其余照旧。", "将修路。", "先谈再定， **将修路。** 其余照旧。"),
        ("前" * 70 + "将修路。" + "后" * 70, "将修路。", "……" + "前" * 60 + " **将修路。** " + "后" * 60 + "……"),
        ("一*二，将<b>修路。", "将<b>修路。", "一\\*二， **将&lt;b&gt;修路。**"),
    ],
)
def test_context_ends_with_the_paragraph_and_is_no_markup(text: str, quote: str, shown: str) -> None:
    start = text.index(quote)
    assert in_context(text, (start, start + len(quote)), NOBODY) == shown


EARLIER = {"id": "Lbb", "document_number": "某城〔2026〕3号<b>", "title": "关于路灯的复函", "dated": None, "disclosure": None}


@pytest.mark.parametrize("disclosure", ["public_full", "not_public"])
def test_a_letter_held_back_says_so_at_its_head_and_what_to_do(letter: Understood, disclosure: str) -> None:
    record = copy.deepcopy(letter.record)
    record["header"] |= {"disclosure_normalised": disclosure}
    said = stated(Standing("asked", EARLIER, 87), record["id"])
    page = letter_page(record, letter.text.text, [], "outbox", {}, "", said)
    head = page.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    assert all(line.startswith(">") for line in head)
    assert "暂缓交办，待人工确认" in head[0] and "某城〔2026〕3号&lt;b&gt;（Lbb）重复，相似87%" in head[0]
    commands = [line.partition("`")[2].split() for line in head if line.startswith("> - ")]
    assert [words[:4] for words in commands] == [
        ["duban", "duplicates", verdict, record["id"]] for verdict in ("same", "version", "different")
    ]
    assert "路灯" not in page


@pytest.mark.parametrize(("kind", "words"), [("same", "不另立承诺事项"), ("version", "已取代原件")])
def test_a_copy_and_a_reissue_say_of_which_letter(letter: Understood, kind: Literal["same", "version"], words: str) -> None:
    said = stated(Standing(kind, EARLIER), letter.record["id"])
    assert words in said and "（Lbb）" in said
    assert f"> {said}\n" in letter_page(letter.record, letter.text.text, [], "outbox", {}, "", said)


@pytest.mark.parametrize(("kind", "percent"), [("asked", 87), ("same", None), ("version", None), ("own", None)])
def test_a_page_is_restated_when_a_person_has_answered(
    letter: Understood, kind: Literal["asked", "same", "version", "own"], percent: int | None
) -> None:
    (statement,) = letter.record["statements"]

    def page(standing: Standing) -> str:
        said = stated(standing, letter.record["id"])
        return letter_page(letter.record, letter.text.text, [], "outbox", {statement["id"]: [(2, b"png")]}, "另有图。", said)

    now = Standing(kind, EARLIER if kind != "own" else None, percent)
    for before in (Standing("asked", EARLIER, 87), Standing("same", EARLIER), Standing("own")):
        assert restated(page(before), stated(now, letter.record["id"])) == page(now)


def test_a_letter_of_its_own_says_nothing_of_others(letter: Understood) -> None:
    assert stated(Standing("own"), letter.record["id"]) == ""
    assert "> **本件" not in letter_page(letter.record, letter.text.text, [], "outbox", {}, "", "")
