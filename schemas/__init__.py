"""The JSON Schemas (2020-12) of everything duban writes or accepts, and one way to check against them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource


@cache
def load(name: str) -> dict[str, Any]:
    """The schema ``<name>.schema.json``, such as ``v1/record`` or ``rules/cues``."""
    schema: dict[str, Any] = json.loads((resources.files(__package__) / f"{name}.schema.json").read_text("utf-8"))
    return schema


@cache
def validator(name: str) -> Draft202012Validator:
    """A validator that resolves references among our own schemas only, and checks formats."""

    def fetch(uri: str) -> Resource[Any]:
        return Resource.from_contents(load(uri.split("/schemas/", 1)[1]))

    return Draft202012Validator(
        load(name), format_checker=FormatChecker(), registry=Registry(retrieve=fetch)  # type: ignore[call-arg]
    )


def faults(name: str, document: object) -> list[str]:
    """Every way ``document`` breaks the schema ``name``: JSON pointer and message, in document order."""
    found = sorted(validator(name).iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    return ["/" + "/".join(str(p) for p in e.absolute_path) + ": " + e.message for e in found]
