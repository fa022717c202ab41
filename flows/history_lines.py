"""A commitment's history as lines for a clerk: when, who, what, from which state to which, and why; in even columns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.letters.lifecycle import happened_on, states, step_name
from flows.letters.workdays import BEIJING

_HEAD = ("时间", "办理人", "事项", "状态变化", "说明")
# What the ledger itself does; the steps of people have their names in the table of states.
_OWN = {
    "propose": "登记承诺", "inherit": "承接原承诺", "supersede": "由新版取代", "light": "调整预警灯", "repeats": "标记重复承诺",
}  # fmt: skip
_LIGHTS = {"green": "绿灯", "yellow": "黄灯", "red": "红灯"}
_WIDEST = 24


def history_lines(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line an entry (rows of the ledger's history, oldest first) under a line of headings; empty where there is none."""
    if not entries:
        return []
    rows = [_HEAD, *(_row(entry) for entry in entries)]
    widths = [min(_WIDEST, max(_width(row[column]) for row in rows)) for column in range(len(_HEAD) - 1)]
    return ["　".join([*map(_padded, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    moment = datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).astimezone(BEIJING)
    changes: dict[str, Any] = json.loads(entry["changes"])
    who = "系统" if entry["by"] == "program" else str(entry["by"])
    action = _OWN.get(entry["action"]) or step_name(entry["action"])
    why = " ".join((entry["why"] or "").split())
    if (day := happened_on(entry)) != moment.date():
        why = f"（{day}办理）{why}"
    return f"{moment:%Y-%m-%d %H:%M}", who, action, _moved(entry, changes), why


def _moved(entry: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """From which state to which; the light or the earlier commitment where the state stayed."""
    names, before, after = states(), entry["from_state"], entry["to_state"]
    if after is not None and before != after:
        return f"{names.get(before, '—')} → {names[after]}"
    if "light" in changes:
        was, now = changes["light"]
        return f"{_LIGHTS.get(was, '—')} → {_LIGHTS.get(now, '—')}"
    if "due" in changes:
        return f"时限 {changes['due'][0] or '—'} → {changes['due'][1]}"
    return f"即 {changes['repeats'][1]}" if "repeats" in changes else names.get(after, "—")


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - _width(text))
