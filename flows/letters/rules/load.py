"""Reads the rule tables, checks each against its schema, and names their version."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import schemas
from flows.letters.errors import RulesError


@cache
def load_table(name: str) -> dict[str, Any]:
    """The table ``rules/<name>.toml``, checked by ``schemas/rules/<name>.schema.json``.

    Raises ``RulesError`` listing every fault with its place.
    """
    raw = (resources.files(__package__) / f"{name}.toml").read_bytes()
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RulesError(f"rules/{name}.toml is not TOML: {fault}") from fault
    faults = schemas.faults(f"rules/{name}", table)
    if faults:
        raise RulesError(f"rules/{name}.toml breaks its schema:\n" + "\n".join(faults))
    return table


@cache
def tables_digest() -> str:
    """SHA-256 over every table's bytes, in the order of their names."""
    digest = hashlib.sha256()
    for entry in sorted(resources.files(__package__).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    return digest.hexdigest()


def load_every_table() -> tuple[str, ...]:
    """Load every table, as a start-up check; their names.  Raises ``RulesError`` at the first table with faults."""
    names = sorted(e.name.removesuffix(".toml") for e in resources.files(__package__).iterdir() if e.name.endswith(".toml"))
    for name in names:
        load_table(name)
    return tuple(names)
