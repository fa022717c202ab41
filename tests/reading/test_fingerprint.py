"""The same letter in another format or scanned again is known; another letter is not."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations

import pytest

from flows.letters.fingerprint import NEAR, Fingerprint, fingerprint, likeness, normalised, same_letter
from flows.letters.mending import mend
from flows.letters.reading import read
from tests.reading.office_files import ofd_letter
from tests.reading.sample_files import LETTERS, clean_text, docx_file, site_page, typst_pdf

STEMS = sorted({path.name.split(".")[0] for path in LETTERS.glob("*.txt")})


@cache
def plain(stem: str) -> Fingerprint:
    return fingerprint(clean_text(stem))


def misread(text: str, share: float, seed: int) -> str:
    """The text with that share of its characters wrong."""
    chance = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    return "".join(chance.choice("的一是在不了有和人这") if chance.random() < share else char for char in text)


@pytest.mark.parametrize("make", [docx_file, typst_pdf, ofd_letter], ids=lambda make: make.__name__)
def test_the_same_letter_in_another_format_is_the_same(make):
    stem = "005-qianhu-schools"
    assert same_letter(fingerprint(mend(read(make(clean_text(stem)), "x")).text), plain(stem)) == "same"


def test_the_same_letter_on_a_site_is_the_same_or_near():
    page = fingerprint(mend(read(site_page(clean_text("046-linxi-cg-short")), "x")).text)
    assert same_letter(page, plain("046-linxi-cg-short")) in ("same", "near")


def test_layout_script_width_and_marks_do_not_count_but_numbers_do():
    one = fingerprint("某教复〔2024〕9号\n我局將於年底前完成３所學校建設。")
    assert same_letter(one, fingerprint("某教复[2024]9号 我局将于年底前完成3所学校建设")) == "same"
    assert same_letter(one, fingerprint("某教复〔2024〕9号\n我局将于年底前完成8所学校建设。")) != "same"


@pytest.mark.parametrize("stem", STEMS)
def test_a_letter_read_with_four_wrong_characters_in_a_hundred_is_near(stem):
    again = fingerprint(misread(clean_text(stem), 0.04, 1))
    assert same_letter(again, plain(stem)) == "near"
    assert set(again.bands) & set(plain(stem).bands)


def test_no_two_letters_are_near_by_a_wide_margin():
    alike = {pair: likeness(plain(pair[0]), plain(pair[1])) for pair in combinations(STEMS, 2)}
    assert max(alike.values()) < NEAR - 0.15
    assert {same_letter(plain(a), plain(b)) for a, b in alike} == {"different"}


def test_a_corrected_letter_is_near():
    text = clean_text("005-qianhu-schools")
    corrected = text.replace("2025年8月底前", "2025年12月底前")
    assert corrected != text
    assert same_letter(fingerprint(corrected), plain("005-qianhu-schools")) == "near"


@pytest.mark.parametrize("text", ["", "。", "A", "答复"])
def test_texts_of_next_to_nothing_have_a_fingerprint(text):
    assert same_letter(fingerprint(text), fingerprint(text)) == "same"
    assert fingerprint(text).size == len(normalised(text))
