"""Checks documents against schemas given as bytes: fast, for archives of thousands, and years later for old schemas."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

import jsonschema_rs


def shipped(name: str) -> bytes:
    """The bytes of our own schema ``name``, such as ``v1/record``."""
    return (resources.files("schemas") / f"{name}.schema.json").read_bytes()


def schema_faults(document: object, schema: bytes) -> list[str]:
    """Every way ``document`` breaks ``schema``: JSON pointer and message."""
    found = _validator(schema).iter_errors(document)
    return ["/" + "/".join(map(str, fault.instance_path)) + ": " + fault.message for fault in found]


def fits(document: object, schema: bytes) -> bool:
    """Whether ``document`` keeps to ``schema``; what is not JSON (a date in a TOML file) never does."""
    try:
        return _validator(schema).is_valid(document)
    except ValueError:
        return False


def schema_id(schema: bytes) -> str | None:
    """The ``$id`` the schema gives itself."""
    found = _parsed(schema).get("$id")
    return str(found) if found is not None else None


@lru_cache(maxsize=32)
def _parsed(schema: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(schema)
    return content


@lru_cache(maxsize=32)
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_parsed(schema), validate_formats=True)
