"""What a person sees of a letter in Prefect's UI: run names, tags, a page per letter, a table of commitments."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext

from flows.letters import disclosure
from flows.letters.masking import mask_record
from flows.letters.model import COMMITMENT_STANCES, Original
from flows.ports import Receipt

if TYPE_CHECKING:
    from flows.tasks import Fate
    from flows.wiring import Wiring

_FATES = {"archived": "归档", "duplicate": "重复", "quarantined": "隔离", "unpacked": "拆包", "gone": "无此文件"}
_STANCES = {"pledged": "承诺", "conditional": "有条件承诺", "ongoing": "在办", "declined": "暂不采纳", "done": "已办"}
_ROLES = {"lead": "牵头", "support": "配合"}


def tally(fates: Iterable[Fate], waiting: int) -> dict[str, int]:
    """How many letters met which fate, in Chinese words, those of count zero left out."""
    counted = Counter(_FATES[fate.name] for fate in fates)
    return dict(counted) | ({"待重试": waiting} if waiting else {})


def is_restricted(record: dict[str, Any]) -> bool:
    """Whether the UI may show no more than the letter's number and state."""
    return disclosure.is_restricted(disclosure.level_of(record))


def title_of(record: dict[str, Any]) -> str:
    """Document number and title, or what the letter has of them; a restricted letter gives its number only."""
    header = record["header"]
    number = header["document_number"] or f"无文号（{record['id'][:12]}）"
    return number if is_restricted(record) else " ".join(filter(None, [number, header["title"]]))


def show_run(fates: Sequence[Fate]) -> None:
    """Name the run after its letter (or their count), tag it by issuer, and list all commitments in one table."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    records = [fate.record for fate in fates if fate.record]
    name = fates[0].detail if len(fates) == 1 else f"来函{len(fates)}件：{fates[0].detail}等" if fates else None
    issuers = {issuer for record in records for issuer in record["header"]["issuers"]}
    with get_client(sync_client=True) as client:
        client.update_flow_run(context.flow_run.id, name=name, tags=sorted({"duban", *issuers}))
    rows = [row for record in records for row in commitment_rows(record)]
    if rows:
        create_table_artifact(rows, key="commitments", description="承诺事项（本次办理）")


class PageProgress:
    """Tells of each recognised page in the run's log and in a progress artifact; nothing for letters without scans."""

    def __init__(self, original: Original, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._key = f"pages-{original.sha256[:16]}"
        self._log = log
        self._artifact: UUID | None = None

    def __call__(self, page: int, pages: int) -> None:
        self._log.info("recognised page %d of %d", page, pages)
        share = 100.0 * page / pages
        if self._artifact is None:
            made = create_progress_artifact(share, key=self._key, description="扫描件识别进度")
            self._artifact = made if isinstance(made, UUID) else None  # outside an event loop the id comes at once
        else:
            update_progress_artifact(self._artifact, share)


def show_letter(record: dict[str, Any], receipts: Sequence[Receipt], made: Wiring) -> None:
    """The letter's page."""
    page = letter_page(record, receipts, str(made.settings.outbox))
    create_markdown_artifact(page, key=f"letter-{record['id'].lower()}", description=title_of(record))


def commitment_rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a commitment: quote, owners, deadline, page; for a restricted letter its id and state only."""
    rows = []
    record = mask_record(record)
    for statement in record["statements"]:
        if statement["stance"] not in COMMITMENT_STANCES:
            continue
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


def letter_page(record: dict[str, Any], receipts: Sequence[Receipt], outbox: str) -> str:
    """Markdown: header, commitments with their quotes, problems, where everything is."""
    record = mask_record(record)
    header = record["header"]
    lines = [f"# {_plain(title_of(record))}", ""]
    if is_restricted(record):
        lines += ["本件不主动公开：此处只显示编号和状态，正文请在限制库中查阅。", ""]
    else:
        lines += _header_table(header) + _commitments(record) + _problems(record)
    lines += ["## 存放位置", ""]
    lines += [f"- `{receipt.key}`（SHA-256 `{receipt.sha256}`）" for receipt in receipts]
    lines += [f"- 交办单：`{outbox}`", ""]
    return "\n".join(lines)


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
    return ["| 项目 | 内容 |", "| --- | --- |", *(f"| {k} | {_plain(v or '—')} |" for k, v in rows.items()), ""]


def _commitments(record: dict[str, Any]) -> list[str]:
    rows = commitment_rows(record)
    lines = [f"## 承诺事项（{len(rows)}项）", ""]
    for number, row in enumerate(rows, 1):
        lines += [f"{number}. **{row['类型']}** · {_plain(row['责任单位'])} · 时限：{_plain(row['完成时限'])} · 第{row['页']}页"]
        lines += [f"   > {_plain(row['承诺原文'])}", ""]
    return lines


def _problems(record: dict[str, Any]) -> list[str]:
    if not record["problems"]:
        return []
    found = [f"- {_plain(problem['message'])}（`{problem['code']}`）" for problem in record["problems"]]
    return ["## 需人工核对", "", *found, ""]


def _plain(text: str) -> str:
    """Letters are data, never markup: what Markdown or HTML would act on is made harmless."""
    for char in "\\`*_[]<>|#":
        text = text.replace(char, f"\\{char}" if char not in "<>" else ("&lt;" if char == "<" else "&gt;"))
    return text.replace("\n", " ")
