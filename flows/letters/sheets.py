"""Turns a notice into the sheet a clerk reads: HTML from a template that a site can replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment, StrictUndefined, TemplateError

from flows.letters.errors import RulesError
from flows.letters.rules.load import load_table

_SHIPPED = "notice.html.j2"


@dataclass(frozen=True)
class Templates:
    """Sheet templates: a site's own (file name → text) before the shipped ones.

    A template is looked for as ``<kind>.html.j2``, then ``notice.html.j2``.  What a letter says is always escaped.
    """

    own: tuple[tuple[str, str], ...] = ()

    @cached_property
    def environment(self) -> Environment:
        loaders: list[BaseLoader] = [DictLoader(dict(self.own)), DictLoader(_shipped())]
        made = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters["day"] = chinese_day
        return made


@cache
def shipped_templates() -> Templates:
    return Templates()


@cache
def _shipped() -> dict[str, str]:
    folder = resources.files("flows.letters") / "templates"
    return {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".j2")}


def sheet(event: Mapping[str, Any], opening: str, templates: Templates | None = None) -> str:
    """The sheet of a notice (its CloudEvent) as one HTML page; ``RulesError`` where a site's template is wrong."""
    environment = (templates or shipped_templates()).environment
    data = event["data"]
    try:
        template = environment.select_template([f"{data['kind']}.html.j2", _SHIPPED])
        return template.render(
            notice=data,
            number=event["id"],
            opening=opening,
            words=load_table("notices")["words"],
            restricted=data["disclosure"] not in ("public_full", "public_summary"),
        )
    except TemplateError as fault:
        raise RulesError(f"the sheet template for {data['kind']!r} is wrong: {fault}") from fault


def chinese_day(day: str | None) -> str:
    """2025-12-31 as 2025年12月31日; an empty string for None."""
    if day is None:
        return ""
    year, month, number = (int(part) for part in day.split("-"))
    return f"{year}年{month}月{number}日"
