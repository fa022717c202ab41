"""Who must do it: bodies found in a text, and owners of whole statements from a table."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.letters import owners
from flows.letters.agencies import Directory
from flows.letters.bodies import bodies_in
from flows.letters.clauses import sentences_of, view_of
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import Draft, ReplyLetter, Span
from flows.letters.owner_labels import labelled
from flows.letters.owner_roles import groups_in
from flows.letters.reading import read
from flows.letters.rules.load import load_table

SPECS = tomllib.loads((Path(__file__).parent / "specs" / "owners.toml").read_text("utf-8"))
DIRECTORY = Directory.load(SPECS["directory"]["toml"].encode())
NOBODY = Directory.load(b'agency = [{id = "x", jurisdiction = "x", name = "xx", aliases = []}]')
RENAMED = Directory.load(
    """
[[agency]]
id = "edu"
jurisdiction = "甲县"
name = "甲县教育局"
aliases = []
former_names = [{ name = "县教委", until = 2012-05-31 }]
[[agency]]
id = "water"
jurisdiction = "甲县"
name = "甲县水利局"
aliases = []
""".encode()
)
BODIES = load_table("bodies")
ROLES = load_table("owners")


def letter_of(body: str, issuers: Sequence[str]) -> ReplyLetter:
    opening = "对县政协一届二次会议第3号提案的答复\n张某委员：\n您提出的建议收悉。现答复如下：\n"
    text = f"{opening}　　{body}\n{issuers[0]}\n2024年5月6日\n"
    letter = lay_out(mend(read(text.encode(), "letter.txt")))
    return replace(letter, header=replace(letter.header, issuers=tuple(issuers)))


def draft_of(letter: ReplyLetter, said: str) -> Draft:
    start = letter.text.text.index(said)
    span = Span(start, start + len(said))
    sentence = next(s for s in sentences_of(letter, view_of(letter.text.text)) if s.start <= start < s.end)
    place = Span(sentence.start, max(sentence.end, span.end))
    return Draft(span, "pledged", (), 1.0, place, None, None, sentence.item)


@pytest.mark.parametrize("row", SPECS["statement"], ids=lambda row: row["said"][:20])
def test_statement(row: dict[str, list[str] | str]) -> None:
    letter = letter_of(str(row["body"]), list(row.get("issuers", ["甲县水利局"])))
    stance: Any = row.get("stance", "pledged")
    draft = draft_of(letter, str(row["said"]))._replace(stance=stance)
    (owned,) = owners.assign(letter, view_of(letter.text.text), [draft], DIRECTORY)
    found = [owner.name or f"?{owner.mention}" for owner in owned.owners]
    assert (found, owned.way) == (row["owners"], row["way"])
    assert [owner.role for owner in owned.owners] == ["lead"] + ["support"] * (len(found) - 1)


@pytest.mark.parametrize(
    ("body", "said", "basis"),
    [
        ("县财政局将安排资金。", "县财政局将安排资金", "named"),
        ("我局将安排资金。", "我局将安排资金", "issuer"),
        ("泵站将于6月开工。", "泵站将于6月开工", "issuer"),
        ("县财政局已安排资金；年内再安排。", "年内再安排", "ellipsis"),
    ],
)
def test_basis(body: str, said: str, basis: str) -> None:
    letter = letter_of(body, ["甲县水利局"])
    (owned,) = owners.assign(letter, view_of(letter.text.text), [draft_of(letter, said)], DIRECTORY)
    assert [owner.basis for owner in owned.owners] == [basis]


@pytest.mark.parametrize("kind", ["self", "area", "back", "nation", "kind", "many", "suffix"])
def test_bodies(kind: str) -> None:
    for text, body in BODIES[kind]["hits"]:
        assert body in [found.said for found in bodies_in(view_of(text), NOBODY)], text
    for text in BODIES[kind]["misses"]:
        assert bodies_in(view_of(text), NOBODY) == (), text


def function_of(text: str) -> str:
    view = view_of(text)
    group = groups_in(view, bodies_in(view, NOBODY))[0]
    # "noun" is what keeps a body from acting.
    return "noun" if group.says == "none" else "acts" if group.says == "subject" else group.says


@pytest.mark.parametrize("row", ROLES["before"] + ROLES["after"], ids=lambda row: row["says"])
def test_functions(row: dict[str, list[str] | str]) -> None:
    assert [function_of(text) for text in row["hits"]] == [row["says"]] * len(row["hits"])
    assert row["says"] not in [function_of(text) for text in row["misses"]]


@pytest.mark.parametrize("row", ROLES["label"], ids=lambda row: row["role"])
def test_labels(row: dict[str, list[str]]) -> None:
    for text in row["hits"]:
        assert len(labelled(view_of(text), bodies_in(view_of(text), NOBODY))) == 1, text
    for text in row["misses"]:
        assert labelled(view_of(text), bodies_in(view_of(text), NOBODY)) == (), text


def test_an_unknown_body_is_kept_as_written_with_a_problem_and_suggestions() -> None:
    letter = letter_of("县教体局将增开课程。", ["甲县水利局"])
    (owned,) = owners.assign(letter, view_of(letter.text.text), [draft_of(letter, "县教体局将增开课程")], DIRECTORY)
    (owner,) = owned.owners
    (problem,) = owned.problems
    assert (owner.mention, owner.name, owner.agency_id) == ("县教体局", None, None)
    assert owner.span is not None and owner.span.quote(letter.text.text) == "县教体局"
    assert problem.code == "agency_unknown"
    assert "甲县教育局" in problem.message


@pytest.mark.parametrize(("year", "codes"), [(2013, []), (2018, ["agency_old_name"])])
def test_a_name_that_ended_long_before_the_letter_is_told(year: int, codes: list[str]) -> None:
    letter = letter_of("县教委将增开课程。", ["甲县水利局"])
    letter = replace(letter, header=replace(letter.header, date=date(year, 3, 1)))
    (owned,) = owners.assign(letter, view_of(letter.text.text), [draft_of(letter, "县教委将增开课程")], RENAMED)
    assert [(owner.agency_id, owner.name) for owner in owned.owners] == [("edu", "甲县教育局")]
    assert [problem.code for problem in owned.problems] == codes
    assert all("2012年5月31日" in problem.message for problem in owned.problems)


@pytest.mark.usefixtures("no_collection")
def test_time_is_linear_in_the_text() -> None:
    # Twice the text may take three times as long at most: a quadratic step would take four.
    piece = "由县财政局牵头县教育局，会同各街道公司局委中心将该局我局与县住建局的公司集团管委会"

    def seconds(times: int) -> float:
        view = piece * times
        best = 9.0
        for _ in range(3):
            begun = time.process_time()
            groups_in(view, bodies_in(view, DIRECTORY))
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(1600) < 3 * seconds(800) + 0.005
