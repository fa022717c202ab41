"""The schemas themselves: valid, resolvable, and with no format that nothing checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

import schemas

ROOT = Path(schemas.__file__).parent
NAMES = sorted(path.relative_to(ROOT).as_posix().removesuffix(".schema.json") for path in ROOT.rglob("*.schema.json"))


def formats(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("format"), str):
            yield node["format"]
        for value in node.values():
            yield from formats(value)
    elif isinstance(node, list):
        for value in node:
            yield from formats(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_every_format_in_it_is_checked(name: str) -> None:
    schema = json.loads((ROOT / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"/schemas/{name}")
    assert set(formats(schema)) <= set(FormatChecker().checkers)
