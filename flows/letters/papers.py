"""From a notice's event to what stands on its paper: title, lines and tables, the same for HTML, DOCX and PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.letters.rules.load import load_table
from flows.letters.workdays import beijing_day

# Kinds that speak of many commitments at once: one table, a row each, instead of a card each.
LISTS = frozenset({"carry_over", "annual_list", "bundle"})
_SIGNED_FOR = frozenset({"hand_off", "reassignment", "bundle"})
_LIST_COLUMNS = ("index", "commitment_id", "quote", "source", "deadline", "state", "progress")


def paper_of(event: Mapping[str, Any], opening: str, office: str = "") -> dict[str, Any]:
    """The paper of a notice as plain JSON.

    ``title number mark slip slip_word day to opening reason requests blanks``: texts or lists of texts (empty where there is
    none); ``cards``: one list a commitment of ``{label, text, style}``; ``columns`` and ``rows``: the table of a list kind;
    ``receipt``: pairs of labels for signing, empty where nothing is signed for; ``sender`` (with ``seal``, where its seal goes)
    and ``dated`` stand at the end.
    """
    data = event["data"]
    words, labels, phrases = _table("words"), _table("labels"), _table("phrases")
    disclosure = data["disclosure"] or "none"
    public = disclosure in ("public_full", "public_summary")
    many = data["kind"] in LISTS
    slip = data.get("slip")
    return {
        "title": data["title"],
        "number": number_of(event),
        "number_label": labels["number"],
        "mark": "" if public else phrases["restricted"].format(mark=words["disclosure"][disclosure]),
        "slip": slip or "",
        "slip_word": words["slip"][slip] if slip else "",
        "day": chinese_day(data["day"]),
        "sender": office,
        "seal": phrases["seal"] if office else "",
        "dated": chinese_day(paper_day(event)),
        "to": data["to"]["name"],
        "opening": opening,
        "reason": data.get("reason") or "",
        "requests": list(data.get("requests", ())),
        "requests_label": labels["requests"],
        "blanks": list(data.get("blanks", ())),
        "cards": [] if many else [list(_card(item, data)) for item in data["items"]],
        "columns": [labels[name] for name in _LIST_COLUMNS] if many else [],
        "rows": [_row(number, item) for number, item in enumerate(data["items"], 1)] if many else [],
        "receipt": [[labels["signed_by"], labels["signed_on"]], [labels["responsible"], labels["phone"]]]
        if data["kind"] in _SIGNED_FOR
        else [],
    }


def number_of(event: Mapping[str, Any]) -> str:
    """The office's number of a notice; its id where it has none (yet)."""
    return str(event["data"].get("number") or event["id"])


def written_number(text: str) -> str:
    """A number as an office writes it, whichever brackets stand around the year: 督交[2026]12号 is 督交〔2026〕12号."""
    return re.sub(r"[\[(（［【﹝〔]([0-9]{4})[\])）］】﹞〕]", r"〔\1〕", text.strip())


def paper_day(event: Mapping[str, Any]) -> str:
    """The day a notice is dated, as YYYY-MM-DD: a hand-off has that of the letter's receipt."""
    return event["data"]["day"] or beijing_day(event["time"]).isoformat()


def chinese_day(day: str | None) -> str:
    """2025-12-31 as 2025年12月31日; an empty string for None."""
    if day is None:
        return ""
    year, month, number = (int(part) for part in day.split("-"))
    return f"{year}年{month}月{number}日"


def _card(item: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    labels = _table("labels")
    for name, text, style in _lines(item, data):
        if text:
            yield {"label": labels[name], "text": text, "style": style}


def _lines(item: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    words, phrases = _table("words"), _table("phrases")
    role = words["role"][data["role"]]
    if data.get("instead_of"):
        role = f"{role}（{phrases['was'].format(name=data['instead_of'])}）"
    yield "commitment_id", item["commitment_id"], ""
    yield "quote", phrases["quoted"].format(text=item["quote"]), "quote"
    yield "quote", f"{_place(item)}　{phrases['kind'].format(stance=words['stance'][item['stance']])}", "place"
    if data["kind"] in ("hand_off", "reassignment", "reminder"):
        yield "role", role, ""
    yield "lead", item["lead"] or phrases["unknown"], ""
    yield "support", "、".join(item["support"]), ""
    yield "quantities", "、".join(item.get("quantities", ())), ""
    yield "deadline", deadline_text(item), ""
    yield "state", item.get("state") or "", ""
    yield "extensions", str(item["extensions"]) if item.get("extensions") else "", ""
    yield "progress", item.get("progress") or "", ""
    yield "done_on", chinese_day(item.get("done_on")), ""
    yield "evidence", item.get("evidence") or "", ""
    yield "reason", item.get("reason") or "", ""
    yield "source", source_text(item["letter"]), ""
    yield "issuers", "、".join(item["letter"]["issuers"]) or phrases["not_stated"], ""
    yield "proposal", item["letter"].get("proposal") or "", ""
    yield "outcome", item["letter"].get("outcome") or "", ""
    yield "disclosure", item["letter"].get("disclosure") or words["disclosure"]["none"], ""
    yield "hash", f"SHA-256 {item['original']['sha256']}", "hash"


def _place(item: Mapping[str, Any]) -> str:
    phrases, place = _table("phrases"), item["place"]
    section = phrases["section"].format(section=place["section"]) if place["section"] else ""
    start, end = place["span"]
    return str(phrases["place"].format(page=place["page"], section=section, start=start, end=end))


def deadline_text(item: Mapping[str, Any]) -> str:
    """The deadline as a clerk reads it: the day, what the letter says, where it comes from, how much time is left."""
    words, phrases, deadline = _table("words"), _table("phrases"), item["deadline"]
    due = item.get("due") or (deadline or {}).get("date")
    if deadline is None and due is None:
        return str(words["provenance"]["none"])
    text = (deadline or {}).get("text") or ""
    if due is None:
        return str(phrases["no_date"].format(text=text))
    before = (deadline or {}).get("date")
    parts = [chinese_day(due)]
    if before and before != due:
        parts = [phrases["extended"].format(day=chinese_day(due), before=chinese_day(before))]
    if text:
        parts.append(phrases["stated"].format(text=text))
    if deadline is not None:
        parts.append(phrases["basis"].format(basis=words["provenance"][deadline["provenance"]]))
    left = item.get("days_left")
    if left is not None:
        parts.append(phrases["days_left"].format(days=left) if left >= 0 else phrases["days_late"].format(days=-left))
    return "　".join(parts)


def source_text(letter: Mapping[str, Any]) -> str:
    """The letter's number, title and date on one line."""
    phrases = _table("phrases")
    parts = [letter["document_number"] or phrases["no_number"], letter["title"] or ""]
    dated = f"（{chinese_day(letter['date'])}）" if letter["date"] else ""
    return "　".join(filter(None, parts)) + dated


def _row(number: int, item: Mapping[str, Any]) -> list[str]:
    carried = item.get("carried_from")
    state = item.get("state") or ""
    if carried:
        state = f"{state}（{_table('phrases')['carried'].format(year=carried)}）"
    return [
        str(number),
        item["commitment_id"],
        item["quote"],
        source_text(item["letter"]),
        deadline_text(item),
        state,
        item.get("progress") or "",
    ]


def _table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = load_table("notices")[name]
    return found
