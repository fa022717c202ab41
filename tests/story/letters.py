"""The letters of the story as files: thirty texts in four formats, made from letters.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.reading.sample_files import cid_pdf, docx_file, site_page

HERE = Path(__file__).parent
_TEXT = """办理结果：解决或采纳
公开属性：{disclosure}

云湖{sign}提复〔{year}〕{number}号

对区政协五届二次会议第{number:03}号提案的答复

陈某某委员：

您提出的《关于{topic}的提案》（第{number:03}号）收悉。经研究，现答复如下：

一、关于{topic}

您反映的情况属实，我们已作了调查。{promises}

感谢您对我区工作的关心和支持。

{issuer}
{year}年{day.month}月{day.day}日

联系人：李某　联系电话：0000-1234567
"""


@dataclass(frozen=True)
class Promise:
    """One promise, and the way its owner has with it."""

    what: str
    due: date
    way: str


@dataclass(frozen=True)
class Letter:
    """One letter: its number, the day it comes, its file, and what it promises."""

    number: int
    day: date
    name: str
    data: bytes
    restricted: bool
    again: bool
    promises: tuple[Promise, ...]
    document: str


def letters() -> list[Letter]:
    """All of them in the order in which they come."""
    rows = tomllib.loads((HERE / "letters.toml").read_text("utf-8"))["letter"]
    return [_letter(number, row) for number, row in enumerate(rows, 1)]


def _letter(number: int, row: dict[str, Any]) -> Letter:
    said = "".join(_sentence(promise) for promise in row["promise"])
    text = _TEXT.format(
        disclosure=row.get("disclosure", "主动公开"),
        sign=row["issuer"][6:7],
        year=row["day"].year,
        number=row.get("corrects", number),
        topic=row["topic"],
        promises=said,
        issuer=row["issuer"],
        day=row["day"],
    )
    kind = row.get("as", "txt")
    made = {"txt": str.encode, "docx": docx_file, "pdf": cid_pdf, "html": site_page}
    promises = tuple(Promise(one["what"], one["due"], one["way"]) for one in row["promise"])
    restricted = row.get("disclosure") == "不予公开"
    document = f"云湖{row['issuer'][6:7]}提复〔{row['day'].year}〕{row.get('corrects', number)}号"
    again = row.get("again", False)
    return Letter(number, row["day"], f"{number:02}.{kind}", made[kind](text), restricted, again, promises, document)


def _sentence(promise: dict[str, Any]) -> str:
    due = promise["due"]
    by = f"{due.year}年{due.month}月{due.day}日前"
    owner = f"由{promise['owner']}牵头" if "owner" in promise else "我局将"
    helper = f"，{promise['support']}配合" if "support" in promise else ""
    if "owner" in promise:
        return f"下一步，{owner}{helper}，{by}{promise['what']}。"
    return f"下一步，{owner}{'会同' + promise['support'] if helper else ''}在{by}{promise['what']}。"
