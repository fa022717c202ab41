"""Reads the file of an agency directory and lists everything that is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import schemas
from flows.letters.errors import RulesError
from flows.letters.former_names import term_faults, with_days_as_text
from flows.letters.schema_check import fits, shipped


def directory_table(source: Path | str | bytes) -> dict[str, Any]:
    """The file's table, or that of its bytes, found right; raises ``RulesError`` listing every fault with its place."""
    where = "the agency directory" if isinstance(source, bytes) else str(source)
    try:
        raw = source if isinstance(source, bytes) else Path(source).read_bytes()
        table = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as fault:
        raise RulesError(f"{where} cannot be read ({fault.strerror}); set DUBAN_AGENCIES") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RulesError(f"{where} is not TOML: {fault}") from fault
    rows = table.get("agency")
    if isinstance(rows, list):
        table["agency"] = [with_days_as_text(row) if isinstance(row, dict) else row for row in rows]
    faults = _schema_faults(table) or _contradictions(table["agency"])
    if faults:
        raise RulesError(f"{where} is wrong:\n" + "\n".join(faults))
    return table


def _schema_faults(table: dict[str, Any]) -> list[str]:
    # The reference validator takes six seconds for fifty thousand bodies, so it only words what the fast one refuses.
    return [] if fits(table, shipped("rules/directory")) else schemas.faults("rules/directory", table)


def _contradictions(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the schema cannot see: ids and names used twice, successors that are not there, check digits."""
    faults: list[str] = []
    ids: dict[str, int] = {}
    for number, row in enumerate(rows):
        if row["id"] in ids:
            faults.append(f"/agency/{number}/id: {row['id']!r} is already the id of agency {ids[row['id']]}")
        ids.setdefault(row["id"], number)
    called: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        successor = row.get("successor")
        if successor is not None and (successor not in ids or successor == row["id"]):
            faults.append(f"/agency/{number}/successor: no other agency has the id {successor!r}")
        faults += [f"/agency/{number}/former_names: {fault}" for fault in term_faults(row.get("former_names", ()))]
        if "credit_code" in row and not credit_code_holds(row["credit_code"]):
            faults.append(f"/agency/{number}/credit_code: the check character of {row['credit_code']!r} is wrong")
        for name in dict.fromkeys((row["name"], *row["aliases"])):
            key = (row["jurisdiction"], name)
            if key in called and not successor and not rows[called[key]].get("successor"):
                faults.append(f"/agency/{number}: {name!r} already names agency {called[key]} of {row['jurisdiction']}")
            called.setdefault(key, number)
    return faults


_CODE_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code_holds(code: str) -> bool:
    """Whether the last character of a unified social credit code (GB 32100) fits the others."""
    if len(code) != 18 or any(char not in _CODE_DIGITS for char in code):
        return False
    total = sum(_CODE_DIGITS.index(char) * pow(3, place, 31) for place, char in enumerate(code[:17]))
    return _CODE_DIGITS[(31 - total % 31) % 31] == code[17]
