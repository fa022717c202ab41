"""A letter's page as Markdown: header, commitments each in its context and on its page, problems, where all is kept."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from flows.letters import disclosure
from flows.letters.masking import Private, mask_record, mask_text
from flows.letters.model import COMMITMENT_STANCES
from flows.ports import Receipt

# By statement's id: (page, PNG) for every page it stands on, everything private covered.
Pictures = Mapping[str, Sequence[tuple[int, bytes]]]
_STANCES = {"pledged": "承诺", "conditional": "有条件承诺", "ongoing": "在办", "declined": "暂不采纳", "done": "已办"}
_ROLES = {"lead": "牵头", "support": "配合"}
_AROUND = 60  # characters of context on each side of a quote


def is_restricted(record: Mapping[str, Any]) -> bool:
    """Whether the UI may show no more than the letter's number and state."""
    return disclosure.is_restricted(disclosure.level_of(record))


def title_of(record: Mapping[str, Any]) -> str:
    """Document number and title, or what the letter has of them; a restricted letter gives its number only."""
    header = record["header"]
    number = header["document_number"] or f"无文号（{record['id'][:12]}）"
    return number if is_restricted(record) else " ".join(filter(None, [number, header["title"]]))


def commitments_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements that are commitments, as the record has them."""
    return [statement for statement in record["statements"] if statement["stance"] in COMMITMENT_STANCES]


def commitment_rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a commitment: quote, owners, deadline, page; for a restricted letter its id and state only."""
    return _rows(mask_record(record))


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a masked record."""
    rows = []
    for statement in commitments_of(record):
        row: dict[str, Any] = {"承诺编号": statement["id"], "文号": record["header"]["document_number"] or ""}
        if not is_restricted(record):
            deadline = statement["deadline"] or {}
            row |= {
                "类型": _STANCES[statement["stance"]],
                "承诺原文": statement["text"],
                "责任单位": _owners(statement),
                "完成时限": deadline.get("date") or deadline.get("text") or "未明确",
                "页": statement["page"],
                "把握": f"{statement['confidence']:.0%}",
            }
        rows.append(row)
    return rows


def _owners(statement: dict[str, Any]) -> str:
    named = [
        f"{_ROLES[owner['role']]}：{owner['name'] or (owner['mention'] or '（未写明）') + '（待确认）'}"
        for owner in statement["owners"]
    ]
    return "；".join(named) or "待确认"


def letter_page(
    record: dict[str, Any],
    text: str,
    receipts: Sequence[Receipt],
    outbox: str,
    pictures: Pictures,
    remark: str = "",
    standing: str = "",
) -> str:
    """The page; ``text`` is the letter's whole text, ``remark`` a sentence on the pictures that are not there.

    ``standing``: how the letter stands to an earlier one, as Markdown that all may see.
    """
    private, masked = Private.of(record), mask_record(record)
    lines = [f"# {plain(title_of(masked))}", ""]
    lines += _standing(standing)
    if is_restricted(record):
        lines += ["本件不主动公开：此处只显示编号和状态，正文请在限制库中查阅。", ""]
    else:
        lines += _header_table(masked["header"]) + _commitments(masked, mask_text(text, private), private, pictures)
        lines += [remark, ""] if remark else []
        lines += _problems(masked)
    lines += ["## 存放位置", ""]
    lines += [f"- `{receipt.key}`（SHA-256 `{receipt.sha256}`）" for receipt in receipts]
    lines += [f"- 交办单：`{outbox}`", ""]
    return "\n".join(lines)


def restated(page: str, standing: str) -> str:
    """The same page with another ``standing``; the rest of it, pictures and all, stays."""
    title, empty, *rest = page.split("\n")
    held = 0
    while held < len(rest) and rest[held].startswith(">"):
        held += 1
    return "\n".join([title, empty, *_standing(standing), *rest[held + bool(held) :]])


def _standing(standing: str) -> list[str]:
    return [*(f"> {line}".rstrip() for line in standing.splitlines()), ""] if standing else []


def _header_table(header: dict[str, Any]) -> list[str]:
    proposal = header["proposal"] or {}
    rows = {
        "文号": header["document_number"],
        "标题": header["title"],
        "发文机关": "、".join(header["issuers"]),
        "成文日期": header["date"],
        "主送": "、".join(header["addressees"] or ()),
        "提案": " ".join(filter(None, [proposal.get("session"), proposal.get("number"), proposal.get("title")])),
        "办理结果": header["outcome"],
        "公开属性": header["disclosure"] or "未标注（按不公开掌握）",
    }
    return ["| 项目 | 内容 |", "| --- | --- |", *(f"| {k} | {plain(v or '—')} |" for k, v in rows.items()), ""]


def _commitments(record: dict[str, Any], text: str, private: Private, pictures: Pictures) -> list[str]:
    statements = commitments_of(record)
    lines = [f"## 承诺事项（{len(statements)}项）", ""]
    for number, (statement, row) in enumerate(zip(statements, _rows(record), strict=True), 1):
        lines += [f"{number}. **{row['类型']}** · {plain(row['责任单位'])} · 时限：{plain(row['完成时限'])} · 第{row['页']}页"]
        lines += [f"   > {in_context(text, statement['span'], private)}", ""]
        for page, png in pictures.get(statement["id"], ()):
            lines += [f"   ![原件第{page}页](data:image/png;base64,{base64.b64encode(png).decode('ascii')})", ""]
    return lines


def in_context(text: str, span: Sequence[int], private: Private) -> str:
    """The statement in bold among the words around it, to the ends of its paragraph at most; as Markdown."""
    start, end = span
    first = max(text.rfind("\n", 0, start) + 1, start - _AROUND)
    stop = text.find("\n", end)
    last = min(len(text) if stop < 0 else stop, end + _AROUND)
    before, quote, after = (mask_text(part, private) for part in (text[first:start], text[start:end], text[end:last]))
    before = ("……" if first and text[first - 1] != "\n" else "") + before.strip()
    after = after.strip() + ("……" if last < len(text) and text[last] != "\n" else "")
    # Blanks: Markdown takes ** between a full stop and a Chinese character for plain stars.
    return " ".join(filter(None, (plain(before), f"**{plain(quote.strip())}**", plain(after))))


def _problems(record: dict[str, Any]) -> list[str]:
    if not record["problems"]:
        return []
    found = [f"- {plain(problem['message'])}（`{problem['code']}`）" for problem in record["problems"]]
    return ["## 需人工核对", "", *found, ""]


def plain(text: str) -> str:
    """Letters are data, never markup: what Markdown or HTML would act on is made harmless."""
    for char in "\\`*_[]<>|#":
        text = text.replace(char, f"\\{char}" if char not in "<>" else ("&lt;" if char == "<" else "&gt;"))
    return text.replace("\n", " ")
