"""The week on one page: how many promises stand where, what is late, what is due soon, what waits for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flows.letters.disclosure import as_level, is_restricted
from flows.letters.lifecycle import final_states, states
from flows.letters.rules.load import load_table
from flows.letters.workbook import LedgerView, Row, cohorts, conflicts, lookalikes

_AHEAD = timedelta(days=14)
_MOST = 30


def digest(view: LedgerView) -> str:
    """The page as Markdown.  Of letters that are not public it shows the number, never the words."""
    table = load_table("digest")
    counted = Counter(row["state"] for row in view.rows)
    lines = [f"# {table['title'].format(day=view.day.isoformat(), count=len(view.rows))}", ""]
    lines += [f"- {name}：{counted[state]}" for state, name in states().items() if counted[state]]
    lines += _table(table["cohorts"], load_table("workbook")["cohort"]["headings"], cohorts(view.rows))
    late = [row for row in view.rows if row["state"] == "overdue"]
    soon = [row for row in view.rows if _is_soon(row, view.day)]
    headings = table["headings"]
    lines += _table(table["late"], headings, [_line(row) for row in sorted(late, key=_due)[:_MOST]])
    lines += _table(table["soon"], headings, [_line(row) for row in sorted(soon, key=_due)[:_MOST]])
    held = _table(table["lookalikes"], load_table("workbook")["lookalike"]["headings"], lookalikes(view)[:_MOST])
    lines += [*held[:3], table["lookalikes_todo"], "", *held[3:]] if held else []
    lines += ["", f"## {table['todo']}", ""]
    lines += [
        f"- {table['lookalikes']}：{len(view.lookalikes)}",
        f"- {table['review']}：{len(view.questions)}",
        f"- {table['conflicts']}：{len(conflicts(view.rows))}",
        f"- {table['repeats']}：{len(view.repeats)}",
    ]
    return "\n".join(lines) + "\n"


def _is_soon(row: Row, day: date) -> bool:
    if row["due"] is None or row["state"] in final_states() or row["state"] == "overdue":
        return False
    return day <= date.fromisoformat(row["due"]) <= day + _AHEAD


def _due(row: Row) -> tuple[str, str]:
    return row["due"] or "", row["id"]


def _line(row: Row) -> list[Any]:
    hidden = load_table("digest")["hidden"]
    quote = hidden if is_restricted(as_level(row["disclosure"])) else row["quote"]
    return [row["id"], row["document_number"], quote, row["lead_name"], row["due"], states()[row["state"]]]


def _table(title: str, headings: Sequence[str], lines: Sequence[Sequence[Any]]) -> list[str]:
    if not lines:
        return []
    made = ["", f"## {title}", "", "| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    return made + ["| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines]


def _plain(cell: Any) -> str:
    """Letters are data, never markup."""
    if isinstance(cell, float):
        return f"{cell:.1%}"
    text = "" if cell is None else str(cell).replace("\n", " ")
    for char in "\\`*_[]|#":
        text = text.replace(char, f"\\{char}")
    return text.replace("<", "&lt;").replace(">", "&gt;")
