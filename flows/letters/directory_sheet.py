"""A directory from a spreadsheet: rows of cells in, the directory's TOML out, every fault with its cell."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.letters.errors import RulesError
from flows.letters.rules.load import load_table


def directory_of(rows: Sequence[Sequence[object]]) -> str:
    """The directory (TOML text) of a sheet whose first row holds the headings; empty rows are skipped.

    Raises ``RulesError`` listing every fault with its row and heading.  What the directory itself demands (check digits,
    names used twice) is checked when it is loaded.
    """
    if not rows:
        raise RulesError("the sheet is empty; its first row must hold the headings")
    columns = _columns(rows[0])
    faults: list[str] = []
    agencies = []
    for number, cells in enumerate(rows[1:], 2):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            agencies.append(_agency(columns, texts, number, faults))
    if faults:
        raise RulesError("the sheet is wrong:\n" + "\n".join(faults))
    return "\n".join(_toml(agency) for agency in agencies)


def _columns(headings: Sequence[object]) -> list[Mapping[str, Any]]:
    known = {column["heading"]: column for column in load_table("directory_sheet")["column"]}
    texts = [_text(heading) for heading in headings]
    strange = [text for text in texts if text and text not in known]
    missing = [name for name, column in known.items() if column.get("needed") and name not in texts]
    if strange or missing:
        raise RulesError(f"the sheet's headings are wrong: unknown {strange}, missing {missing}; known are {list(known)}")
    return [known.get(text, {"heading": "", "key": ""}) for text in texts]


def _agency(columns: Sequence[Mapping[str, Any]], texts: Sequence[str], number: int, faults: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"aliases": []}
    for column, text in zip(columns, texts, strict=False):
        where = f"row {number}, {column['heading']}"
        if not text:
            if column.get("needed"):
                faults.append(f"{where}: is empty")
        elif column.get("channel"):
            found.setdefault("channels", []).append({"kind": column["channel"], "address": text})
        elif column.get("list"):
            entries = _list(text)
            found[column["key"]] = [_termed(entry) for entry in entries] if column.get("termed") else entries
        elif "words" in column and text not in column["words"]:
            faults.append(f"{where}: {text!r} is none of {list(column['words'])}")
        elif column.get("day"):
            if re.match(load_table("directory_sheet")["day"], text):
                found[column["key"]] = _iso(text)
            else:
                faults.append(f"{where}: {text!r} is not a day (YYYY-MM-DD)")
        elif column["key"]:
            found[column["key"]] = column.get("words", {}).get(text, text)
    if "id" not in found:
        found["id"] = derived_id(found.get("jurisdiction", ""), found.get("name", ""))
    return found


def derived_id(jurisdiction: str, name: str) -> str:
    """An id for a body without one: the same name in the same place always gets the same."""
    return "a" + hashlib.sha256(f"{jurisdiction}\0{name}".encode()).hexdigest()[:15]


def _list(text: str) -> list[str]:
    for mark in load_table("directory_sheet")["split"]:
        text = text.replace(mark, "\n")
    return list(dict.fromkeys(part for part in map(str.strip, text.split("\n")) if part))


def _termed(entry: str) -> str | dict[str, str]:
    """市卫计委（2014-03-01至2018-12-31） as a name with its first and last day; a plain name stays one."""
    match = re.match(load_table("directory_sheet")["term"], entry)
    if match is None or not (match["from"] or match["until"]):
        return entry
    days = {key: _iso(match[key]) for key in ("from", "until") if match[key]}
    return {"name": match["name"], **days}


def _iso(said: str) -> str:
    """2018年12月31日, 2018.12.31 or 2018/12/31 as 2018-12-31."""
    year, month, day = re.findall(r"\d+", said)
    return f"{year}-{int(month):02}-{int(day):02}"


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _toml(agency: Mapping[str, Any]) -> str:
    lines = ["[[agency]]"]
    for key in ("id", "jurisdiction", "name", "aliases", "former_names", "successor", "until", "kind", "credit_code",
                "region_code", "contact_role", "escalate_to"):  # fmt: skip
        if key in agency:
            lines.append(f"{key} = {_value(agency[key])}")
    if "channels" in agency:
        held = ", ".join(f"{{ kind = {_value(c['kind'])}, address = {_value(c['address'])} }}" for c in agency["channels"])
        lines.append(f"channels = [{held}]")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A string, a list, or a name with its days as TOML, whose basic strings are written as JSON's."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
