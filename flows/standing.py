"""How things stand, in words for a clerk: what is in flight, what waits for a person, what waits to be sent."""

from __future__ import annotations

from flows import lookalikes, wiring
from flows.adapters.inbox_quarantine import names_by_content
from flows.adapters.sql_ledger import SqlLedger
from flows.settings import Settings

_MOST_NAMED = 20
_LINES = (
    ("intake.claimed", "办理中"),
    ("intake.entered", "已入台账、待清理收件箱"),
    ("intake.cleared", "已办理"),
    ("intake.quarantined", "已隔离"),
    ("duplicates", "重复投放"),
    ("letters", "答复函"),
    ("letters.same", "其中与已办来函内容相同（不重复立项）"),
    ("lookalikes", "疑似重复来函、待确认"),
    ("commitments", "承诺事项"),
    ("unresolved", "责任单位待确认"),
    ("notices.queued", "待发通知"),
    ("notices.sent", "已发通知"),
    ("notices.dead", "发送失败、待人工处理的通知"),
)


def report(settings: Settings) -> str:
    """The whole report as text; raises ``Unavailable`` where the ledger cannot be read."""
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    try:
        asked = lookalikes.questions(ledger, _MOST_NAMED)
        parts = [_counts(settings, ledger), ["", *asked] if asked else [], _questions(ledger), _quarantined(settings, ledger)]
        return "\n".join(line for part in parts for line in part)
    finally:
        ledger.close()


def _counts(settings: Settings, ledger: SqlLedger) -> list[str]:
    counts = ledger.counts()
    return [*_waiting(settings), *(f"{name}：{counts.get(key, 0)}" for key, name in _LINES)]


def _waiting(settings: Settings) -> list[str]:
    """How many files lie in the inbox, and the names of the first of them beside the handles that Prefect and the logs show."""
    if not settings.inbox.is_dir():
        return ["收件箱现有文件：0"]
    inbox = wiring.inbox(settings)
    seen = inbox.scan()
    named = [f"- {inbox.handle(one.path)}　{one.path.as_posix()}" for one in seen[:_MOST_NAMED]]
    return [f"收件箱现有文件：{len(seen)}", *named, *(["- ……"] if len(seen) > _MOST_NAMED else [])]


def _questions(ledger: SqlLedger) -> list[str]:
    rows = ledger.open_questions()
    if not rows:
        return []
    lines = ["", "以下承诺的责任单位需人工确认："]
    for row in rows:
        lines.append(f"- {row['commitment_id']}　{row['document_number'] or '无文号'}　“{row['mention'] or '未写明'}”")
        lines.append(f"  {row['quote']}")
    return lines


def _quarantined(settings: Settings, ledger: SqlLedger) -> list[str]:
    rows = ledger.quarantined()
    if not rows:
        return []
    # The ledger has the handle only; the file's name stands beside the file, for those who may look there.
    names = names_by_content(settings.quarantine)
    lines = [f"- {names.get(row['sha256'], row['name'])}（{row['code']}）" for row in rows]
    return ["", "以下文件已隔离，原因和处理办法见隔离区中的 .why.json：", *lines]
