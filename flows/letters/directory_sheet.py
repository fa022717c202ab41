"""A directory from a spreadsheet: rows of cells in, the directory's TOML out, every fault with its cell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
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
            found[column["key"]] = _list(text)
        elif "words" in column and text not in column["words"]:
            faults.append(f"{where}: {text!r} is none of {list(column['words'])}")
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


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _toml(agency: Mapping[str, Any]) -> str:
    lines = ["[[agency]]"]
    for key in ("id", "jurisdiction", "name", "aliases", "former_names", "successor", "kind", "credit_code", "region_code",
                "contact_role", "escalate_to"):  # fmt: skip
        if key in agency:
            lines.append(f"{key} = {_value(agency[key])}")
    if "channels" in agency:
        held = ", ".join(f"{{ kind = {_value(c['kind'])}, address = {_value(c['address'])} }}" for c in agency["channels"])
        lines.append(f"channels = [{held}]")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A string or list of strings as TOML, whose basic strings are written as JSON's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
