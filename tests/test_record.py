"""The record: its shape, its faults, and that the same letter gives the same bytes."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

import schemas
from flows.letters.agencies import Directory
from flows.letters.errors import InvalidRecord, NotAReply, SecretLetter
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.record import check, commitments, record_bytes, rules_version, statement_id
from flows.letters.understanding import Understood, understand

_TEXT = """办理结果：A
公开属性：主动公开
禾交复〔2023〕17号
关于县十六届人大二次会议第41号建议的答复
卫东平代表：
您提出的《关于修缮北关路的建议》（第41号）收悉，现答复如下：
一、关于道路修缮
我局将于2023年9月底前完成北关路1.2公里路面修缮。县住建局已安装路灯20盏。
二、关于拓宽道路
受用地限制，暂不具备拓宽条件。
感谢您的支持。
禾川县交通运输局
2023年5月9日
联系人：某某　电话：0000-0000000
"""
_AGENCIES = """
[[agency]]
id = "hechuan-transport"
jurisdiction = "河南省禾川县"
name = "禾川县交通运输局"
aliases = ["县交通运输局", "县交通局"]
"""
_DIRECTORY = Directory.load(_AGENCIES.encode())
_SITE = SiteProfile.load(None)


def _understood(text: str = _TEXT, directory: Directory = _DIRECTORY, site: SiteProfile = _SITE) -> Understood:
    data = text.encode("utf-8")
    original = Original("答复.txt", hashlib.sha256(data).hexdigest(), len(data), "text/plain", "2023-05-10T01:02:03Z")
    return understand(read(data, original.name), original, directory, site)


_RECORD = _understood().record


def test_the_record_is_as_the_contract_says() -> None:
    assert schemas.faults("v1/record", _RECORD) == []
    assert _RECORD["original"] == {
        "name": "答复.txt",
        "sha256": hashlib.sha256(_TEXT.encode()).hexdigest(),
        "bytes": len(_TEXT.encode()),
        "media_type": "text/plain; charset=utf-8",
        "received_at": "2023-05-10T01:02:03Z",
    }
    assert _RECORD["id"] == _RECORD["original"]["sha256"][:20]
    assert _RECORD["jurisdiction"] == "河南省禾川县"
    assert _RECORD["header"]["outcome_normalised"] == "solved_or_adopted"
    assert _RECORD["header"]["disclosure_normalised"] == "public_full"
    assert _RECORD["header"]["contacts"] == [
        {"name": "某某", "phone": "0000-0000000", "address": None, "postcode": None}
    ]
    assert [section["number"] for section in _RECORD["sections"]] == ["一", "二"]


def test_the_promise_is_found_with_its_proof() -> None:
    (promise,) = [s for s in commitments(_RECORD) if s["deadline"]]
    text = _understood().text.text
    assert promise["text"] == text[slice(*promise["span"])]
    assert promise["deadline"]["date"] == "2023-09-30"
    assert [owner["agency_id"] for owner in promise["owners"]] == ["hechuan-transport"]
    assert [q["value"] for q in promise["quantities"]] == [1.2]


def test_a_settled_letter_that_promises_is_flagged() -> None:
    assert "label_conflict" in {problem["code"] for problem in _RECORD["problems"]}


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert _understood().record_bytes == _understood().record_bytes == record_bytes(_RECORD)


def test_another_directory_or_profile_is_another_version() -> None:
    other = Directory.load(_AGENCIES.replace("县交通局", "县路政局").encode())
    profile = SiteProfile.load(b'name = "x"\n')
    versions = {
        _RECORD["rules_version"],
        _understood(directory=other).record["rules_version"],
        _understood(site=profile).record["rules_version"],
    }
    assert len(versions) == 3
    assert rules_version("a") == rules_version("a") != rules_version("b")


def test_an_id_stays_when_other_sentences_change() -> None:
    sha = _RECORD["original"]["sha256"]
    assert statement_id(sha, "甲") == statement_id(sha, "甲", 1) != statement_id(sha, "甲", 2)
    assert statement_id("f" * 64, "甲") != statement_id(sha, "甲")
    ids = [statement["id"] for statement in _RECORD["statements"]]
    assert len(set(ids)) == len(ids)


def _without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        target: Any = record
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


def _with(value: object, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        target: Any = record
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


_BROKEN: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no header": (_without("header"), "/: 'header' is a required property"),
    "no stance": (_without("statements", 0, "stance"), "/statements/0: 'stance'"),
    "unknown stance": (_with("perhaps", "statements", 0, "stance"), "/statements/0/stance"),
    "unknown field": (_with(1, "surprise"), "surprise"),
    "unknown field within": (_with(1, "statements", 0, "surprise"), "/statements/0"),
    "date that is none": (_with("2023-02-30", "header", "date"), "/header/date"),
    "moment that is none": (_with("yesterday", "original", "received_at"), "/original/received_at"),
    "confidence over one": (_with(1.5, "statements", 0, "confidence"), "/statements/0/confidence"),
    "span of one end": (_with([3], "statements", 0, "span"), "/statements/0/span"),
    "span of three ends": (_with([3, 4, 5], "statements", 0, "span"), "/statements/0/span"),
    "hash cut short": (_with("abc", "original", "sha256"), "/original/sha256"),
    "empty statement": (_with("", "statements", 0, "text"), "/statements/0/text"),
    "another schema": (_with("https://duban.example/schemas/v0/record", "schema"), "/schema"),
    "outcome of no kind": (_with("fine", "header", "outcome_normalised"), "/header/outcome_normalised"),
    "problem without a place": (_with([{"code": "x_y", "message": "某"}], "problems"), "/problems/0"),
}


@pytest.mark.parametrize(("change", "told"), _BROKEN.values(), ids=_BROKEN.keys())
def test_a_broken_record_is_refused_by_both_validators(change: Callable[[dict[str, Any]], None], told: str) -> None:
    broken = copy.deepcopy(_RECORD)
    change(broken)
    with pytest.raises(InvalidRecord) as caught:
        check(broken)
    assert told in str(caught.value)
    assert schemas.faults("v1/record", broken) != []
    fast = jsonschema_rs.Draft202012Validator(schemas.load("v1/record"), validate_formats=True)
    assert not fast.is_valid(broken)


def test_every_fault_is_listed_at_once() -> None:
    broken = copy.deepcopy(_RECORD)
    broken["header"]["date"] = "soon"
    broken["statements"][0]["stance"] = "perhaps"
    del broken["sections"]
    with pytest.raises(InvalidRecord) as caught:
        check(broken)
    assert all(place in str(caught.value) for place in ("/header/date", "/statements/0/stance", "'sections'"))


def test_a_commitment_is_a_statement_that_binds() -> None:
    schema = schemas.load("v1/commitment")
    statement = schemas.load("v1/record")["$defs"]["statement"]
    same = {k: v for k, v in schema["properties"].items() if k != "stance"}
    assert same == {k: v for k, v in statement["properties"].items() if k != "stance"}
    found = {s["stance"]: schemas.faults("v1/commitment", s) == [] for s in _RECORD["statements"]}
    assert found["pledged"] and not found["declined"]


def test_nothing_of_a_letter_is_refused() -> None:
    with pytest.raises(NotAReply):
        _understood("今天天气很好。\n我们去公园散步。\n")


def test_a_secret_letter_is_refused_before_anything_else() -> None:
    with pytest.raises(SecretLetter):
        _understood("机密★1年\n" + _TEXT)


@pytest.mark.parametrize(
    ("profile", "raw", "region", "means"),
    [
        ("", "C", "河南省禾川县", "planned"),
        ("", "C", "重庆市渝北区", "not_now"),
        ("", "D", "重庆市渝北区", "higher_authority"),
        ("", "C", "浙江省某县", "reference_only"),
        ("", "C", None, "not_now"),
        ("", "B1", None, "in_progress"),
        ("", "B2", None, "planned"),
        ("", "解决或采纳", "上海市浦东新区", "solved_or_adopted"),
        ("", "列入计划拟解决", "上海市浦东新区", "planned"),
        ("", "满意", None, None),
        ("", None, None, None),
        ('outcome_profile = "henan"', "C", "重庆市渝北区", "planned"),
        ('outcomes = { "绿" = "solved_or_adopted" }', "绿", None, "solved_or_adopted"),
    ],
)
def test_a_result_means_what_the_profile_says(
    profile: str, raw: str | None, region: str | None, means: str | None
) -> None:
    assert SiteProfile.load(profile.encode()).outcome(raw, region) == means


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        ("主动公开", "public_full"), ("主动公开（摘要）", "public_summary"), ("依申请公开", "on_request"),
        ("不予公开", "not_public"), ("是", "public_full"), ("否", "not_public"), (None, None), ("某", None),
    ],
)  # fmt: skip
def test_a_disclosure_mark_means_one_of_four(raw: str | None, means: str | None) -> None:
    assert _SITE.disclosure(raw) == means


def test_the_bytes_are_utf8_json() -> None:
    assert json.loads(record_bytes(_RECORD)) == _RECORD
    assert "禾川县".encode() in record_bytes(_RECORD)
