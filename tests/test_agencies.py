"""The directory: a name means the body that the letter's jurisdiction makes of it."""

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.letters.agencies import Directory
from flows.letters.alike import Alike
from flows.letters.directory_check import oddities
from flows.letters.directory_file import credit_code_holds
from flows.letters.directory_sheet import directory_of
from flows.letters.errors import RulesError
from flows.letters.former_names import FormerName

_TOML = """
[[agency]]
id = "east-edu"
jurisdiction = "禾川省东江市东湖区"
name = "东江市东湖区教育局"
aliases = ["区教育局"]
[[agency]]
id = "west-edu"
jurisdiction = "禾川省东江市西山区"
name = "东江市西山区教育局"
aliases = ["区教育局", "西山教育局"]
[[agency]]
id = "city-edu"
jurisdiction = "禾川省东江市"
name = "东江市教育局"
aliases = ["市教育局"]
kind = "department"
[[agency]]
id = "city-health"
jurisdiction = "禾川省东江市"
name = "东江市卫生健康委员会"
aliases = ["市卫健委"]
former_names = ["东江市卫生和计划生育委员会", "市卫计委"]
[[agency]]
id = "city-plan-old"
jurisdiction = "禾川省东江市"
name = "东江市规划局"
aliases = ["市规划局"]
successor = "city-nature"
[[agency]]
id = "city-nature"
jurisdiction = "禾川省东江市"
name = "东江市自然资源和规划局"
aliases = ["市自规局"]
[[agency]]
id = "prov-edu"
jurisdiction = "禾川省"
name = "禾川省教育厅"
aliases = ["省教育厅"]
[[agency]]
id = "moe"
jurisdiction = "全国"
name = "教育部"
aliases = []
"""
_DIRECTORY = Directory.load(_TOML.encode())
_EAST, _CITY = "禾川省东江市东湖区", "禾川省东江市"


@pytest.mark.parametrize(
    ("mention", "jurisdiction", "agency_id"),
    [
        ("区教育局", _EAST, "east-edu"),
        ("区教育局", "禾川省东江市西山区", "west-edu"),
        ("区教育局", _CITY, None),  # a city letter means one of two
        ("区教育局", None, None),
        ("市教育局", _EAST, "city-edu"),
        ("省教育厅", _EAST, "prov-edu"),
        ("教育部", _EAST, "moe"),
        ("教育部", None, "moe"),
        ("东湖区教育局", _CITY, "east-edu"),
        ("西山教育局", _EAST, None),
        ("西山区教育局", _EAST, "west-edu"),
        ("禾川省东江市教育局", _EAST, "city-edu"),
        ("市卫计委", _CITY, "city-health"),
        ("市规划局", _CITY, "city-nature"),
        ("市卫生健康委员会", _CITY, "city-health"),
        ("區教育局", _EAST, "east-edu"),
        ("市教育局", "海岳省北港市", None),
        ("区残联", _EAST, None),
    ],
)
def test_a_mention_is_resolved_by_jurisdiction(mention: str, jurisdiction: str | None, agency_id: str | None) -> None:
    agency = _DIRECTORY.resolve(mention, jurisdiction)
    assert (agency.id if agency else None) == agency_id


@pytest.mark.parametrize(
    ("issuers", "text", "jurisdiction"),
    [
        (["东江市东湖区教育局"], "", _EAST),
        (["东湖区城市管理局"], "", _EAST),
        (["东江市公安局"], "", _CITY),
        (["禾川省公安厅"], "", "禾川省"),
        (["区教育局"], "东湖区的学校、东湖区的道路", _EAST),
        ([], "西山区的学校", "禾川省东江市西山区"),
        ([], "", None),
    ],
)
def test_the_jurisdiction_is_the_issuers_or_the_place_named_most(
    issuers: list[str], text: str, jurisdiction: str | None
) -> None:
    assert _DIRECTORY.jurisdiction_of(issuers, text) == jurisdiction


def test_the_longest_name_is_found() -> None:
    text = "由东江市东湖区教育局会同市教育局办理"
    assert _DIRECTORY.mentions(text) == [(1, 10, "东江市东湖区教育局"), (12, 16, "市教育局")]


def test_what_was_meant_is_suggested_nearest_first() -> None:
    assert [a.id for a in _DIRECTORY.suggest("市卫健局", _CITY)][:1] == ["city-health"]
    assert [a.id for a in _DIRECTORY.suggest("区教局", _EAST)][:1] == ["east-edu"]
    assert _DIRECTORY.suggest("渔", _EAST) == []


@pytest.mark.parametrize(
    ("toml", "faults"),
    [
        ("[[agency]]\nid = 'a'\n", ["jurisdiction", "name", "aliases"]),
        (_TOML.replace('"west-edu"', '"east-edu"'), ["already the id of agency 0"]),
        (_TOML.replace('successor = "city-nature"', 'successor = "x"'), ["successor"]),
        (_TOML.replace('["市自规局"]', '["市教育局"]'), ["already names agency 2"]),
        (_TOML + 'credit_code = "11310000MB2F30450X"\n', ["check character"]),
        (_TOML + "kind = 07:30:00\n", ["/agency/7/kind"]),
        ("not toml", ["is not TOML"]),
    ],
    ids=["fields missing", "id twice", "successor missing", "name twice", "credit code", "a time for a text", "no TOML"],
)  # fmt: skip
def test_a_wrong_directory_is_refused_with_every_fault(toml: str, faults: list[str]) -> None:
    with pytest.raises(RulesError) as caught:
        Directory.load(toml.encode())
    assert [fault for fault in faults if fault not in str(caught.value)] == []


def test_a_directory_that_is_not_there_is_refused() -> None:
    with pytest.raises(RulesError, match="DUBAN_AGENCIES"):
        Directory.load("/nowhere/agencies.toml")


def test_several_files_make_one_directory() -> None:
    other = '[[agency]]\nid = "north"\njurisdiction = "海岳省北港市"\nname = "北港市水利局"\naliases = ["市水利局"]\n'
    both = Directory.load(_TOML.encode(), other.encode())
    assert (len(both), both.resolve("市水利局", "海岳省北港市") is not None) == (9, True)


def test_the_digest_names_the_content() -> None:
    assert Directory.load(_TOML.encode()).digest == _DIRECTORY.digest
    assert Directory.load(_TOML.replace("市自规局", "市资规局").encode()).digest != _DIRECTORY.digest


def test_credit_codes() -> None:
    assert credit_code_holds("91350100M000100Y43")
    assert not credit_code_holds("91350100M000100Y44")
    assert not credit_code_holds("91350100M000100Y4")


_HANDED_ON = """
[[agency]]
id = "transport"
jurisdiction = "禾川省东江市"
name = "东江市交通运输局"
aliases = []
former_names = [
  { name = "东江市交通局", from = 2001-03-01, until = 2010-06-30 },
  { name = "市路政局", until = "2019-02-28" },
  "市公路处",
]
[[agency]]
id = "roads"
jurisdiction = "禾川省东江市"
name = "东江市公路局"
aliases = ["市路政局"]
former_names = [{ name = "市交通局", from = 2012-01-01, until = 2016-12-31 }]
[[agency]]
id = "plan-old"
jurisdiction = "禾川省东江市"
name = "东江市规划局"
aliases = []
successor = "nature"
until = 2019-01-31
[[agency]]
id = "nature"
jurisdiction = "禾川省东江市"
name = "东江市自然资源局"
aliases = []
[[agency]]
id = "plan-new"
jurisdiction = "禾川省东江市"
name = "东江市规划设计研究局"
aliases = ["市规划局"]
"""


@pytest.mark.parametrize(
    ("mention", "day", "agency_id"),
    [
        ("市交通局", "2005-01-01", "transport"),  # a shorter form of its official name of that time
        ("市交通局", "2014-01-01", "roads"),
        ("市交通局", "2018-01-01", "roads"),  # long ended: the last that bore it
        ("市交通局", "2011-01-01", "transport"),
        ("市交通局", None, "roads"),
        ("市路政局", "2018-01-01", "transport"),
        ("市路政局", "2021-01-01", "roads"),
        ("市公路处", "2021-01-01", "transport"),
        ("市规划局", "2018-01-01", "nature"),  # merged since: its successor does it
        ("市规划局", "2020-01-01", "plan-new"),
        ("东江市规划局", "2020-01-01", "nature"),
    ],
)
def test_of_two_bodies_with_one_name_the_letters_day_decides(mention: str, day: str | None, agency_id: str) -> None:
    agency = Directory.load(_HANDED_ON.encode()).resolve(mention, _CITY, date.fromisoformat(day) if day else None)
    assert agency is not None and agency.id == agency_id


def test_without_dates_a_name_of_two_bodies_is_nobodys() -> None:
    plain = _HANDED_ON.replace('{ name = "市路政局", until = "2019-02-28" }', '"市路政局"')
    assert Directory.load(plain.encode()).resolve("市路政局", _CITY, date(2018, 1, 1)) is None


def test_a_name_that_ended_is_told_with_its_last_day() -> None:
    directory = Directory.load(_HANDED_ON.encode())
    found = directory.old_name("市规划局", _CITY, date(2018, 1, 1))
    assert found is None
    agency, ended = directory.old_name("东江市交通局", _CITY, date(2011, 1, 1)) or (None, None)
    assert agency is not None and (agency.id, ended) == ("transport", date(2010, 6, 30))
    assert directory.old_name("市公路处", _CITY, date(2021, 1, 1)) is None  # nobody says when it ended


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("until = 2010-06-30", "until = 2000-06-30", "before it begins"),
        ('until = "2019-02-28"', 'until = "2019-02-30"', "2019-02-30"),
        ('until = "2019-02-28"', 'to = "2019-02-28"', "former_names"),
    ],
)
def test_wrong_days_of_former_names_are_refused(old: str, new: str, fault: str) -> None:
    with pytest.raises(RulesError, match=fault):
        Directory.load(_HANDED_ON.replace(old, new).encode())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", []),
        ("from = 2012-01-01", "from = 2008-01-01", []),  # of two different names: 东江市交通局, 市交通局
        ('name = "东江市交通局", from', 'name = "市交通局", from', []),
        ('name = "东江市交通局", from = 2001-03-01, until = 2010-06-30', 'name = "市交通局"', ["transport与roads"]),
        ('{ name = "市路政局", until = "2019-02-28" }', '"市路政局"', ["transport与roads"]),
        ('successor = "nature"\nuntil', "until", ["plan-old：已于2019-01-31撤并"]),
        ('id = "nature"', 'id = "nature"\nsuccessor = "plan-old"', ["plan-old：承继", "nature：承继"]),
    ],
)  # fmt: skip
def test_names_borne_at_the_same_time_are_odd(old: str, new: str, said: list[str]) -> None:
    problems = [problem.message for problem in oddities(Directory.load(_HANDED_ON.replace(old, new).encode()))]
    assert len(problems) == len(said) and all(any(part in one for one in problems) for part in said), problems


def test_a_spreadsheet_gives_former_names_with_their_days() -> None:
    rows = [
        ["单位全称", "行政区划", "单位编号", "曾用名", "承继单位编号", "撤并日期"],
        ["东江市卫健委", _CITY, "health", "市卫计委（2014年3月1日至2018-12-31）、市卫生局（至2014.2.28）；市卫委", "", ""],
        ["东江市规划局", _CITY, "plan", "", "health", "2019/1/31"],
    ]
    health, plan = Directory.load(directory_of(rows).encode()).agencies
    assert health.former_names == (
        FormerName("市卫计委", date(2014, 3, 1), date(2018, 12, 31)),
        FormerName("市卫生局", None, date(2014, 2, 28)),
        FormerName("市卫委"),
    )
    assert plan.ended == date(2019, 1, 31)
    with pytest.raises(RulesError, match="row 3, 撤并日期"):
        directory_of([rows[0], rows[1], [*rows[2][:5], "去年"]])


_NAMES = st.text("东西湖区市教育局", min_size=2, max_size=9)


@given(st.lists(_NAMES, min_size=1, max_size=30), _NAMES)
def test_nobody_alike_is_overlooked(names: list[str], mention: str) -> None:
    alike = Alike([(name,) for name in names])
    everyone = {number: _likeness(mention, name) for number, name in enumerate(names)}
    assert dict(alike.to(mention)) == pytest.approx({number: like for number, like in everyone.items() if like >= 0.5})


def _likeness(mention: str, name: str) -> float:
    """What ``Alike`` promises, worked out from one name alone."""
    if re.search(".*".join(mention), name):
        return 0.9 + 0.1 * len(mention) / len(name)
    parts = {*mention, *("".join(pair) for pair in pairwise(mention))}
    return sum(part in name for part in parts) / (len(parts) + 1)
