"""What a person wants to know of a letter at once, in Chinese."""

from __future__ import annotations

from typing import Any

from flows.letters.model import COMMITMENT_STANCES

_TYPES = {
    "reply": "答复",
    "co_handling_opinion": "会办意见",
    "second_reply": "再次答复",
    "follow_up": "跟踪办理情况",
    "summary": "答复摘要",
    "other": "非答复类文件",
}
_STANCES = {"pledged": "承诺", "conditional": "有条件承诺", "ongoing": "在办", "declined": "暂不采纳", "done": "已办"}
_ROLES = {"lead": "", "support": "（配合）"}


def summary(record: dict[str, Any]) -> str:
    """Header, commitments with owner, deadline and place, and what a person should check; several lines."""
    statements = record["statements"]
    kept = [s for s in statements if s["stance"] in COMMITMENT_STANCES]
    counted = "，".join(
        f"{name}{number}" for stance, name in _STANCES.items() if (number := _count(statements, stance))
    )
    lines = [*_header(record["header"], record["original"]["name"]), f"语句：{counted or '无'}", f"承诺事项：{len(kept)}项"]
    for number, statement in enumerate(kept, 1):
        lines += _commitment(number, statement)
    if record["problems"]:
        lines.append(f"需人工核对：{len(record['problems'])}处")
        lines += [f"  · {problem['message']}（{problem['code']}）" for problem in record["problems"]]
    return "\n".join(lines) + "\n"


def _count(statements: list[dict[str, Any]], stance: str) -> int:
    return sum(statement["stance"] == stance for statement in statements)


def _header(header: dict[str, Any], name: str) -> list[str]:
    proposal = header["proposal"] or {}
    rows = [
        ("类型", _TYPES[header["letter_type"]]),
        ("文号", header["document_number"]),
        ("标题", header["title"]),
        ("发文机关", "、".join(header["issuers"])),
        ("成文日期", header["date"]),
        ("主送", "、".join(header["addressees"] or ())),
        ("提案", " ".join(filter(None, (proposal.get("session"), _numbered(proposal), proposal.get("title"))))),
        ("办理结果", header["outcome"]),
        ("公开属性", header["disclosure"] or "未标注（按不公开掌握）"),
    ]
    return [f"■ {name}", *(f"{label}：{value or '未写明'}" for label, value in rows)]


def _numbered(proposal: dict[str, Any]) -> str | None:
    return f"第{proposal['number']}号" if proposal.get("number") else None


def _commitment(number: int, statement: dict[str, Any]) -> list[str]:
    deadline = statement["deadline"] or {}
    owners = "、".join(
        (owner["name"] or f"{owner['mention'] or '未写明'}［待确认］") + _ROLES[owner["role"]] for owner in statement["owners"]
    )
    until = deadline.get("date") or deadline.get("text") or "未明确"
    kind = _STANCES[statement["stance"]] + ("" if statement["specific"] else "·原则性")
    return [
        f"  {number}. ［{kind}］{' '.join(statement['text'].split())}",
        f"     责任单位：{owners or '待确认'}　时限：{until}　第{statement['page']}页　把握：{statement['confidence']:.0%}",
    ]
