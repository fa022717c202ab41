"""Turns a notice into paper: HTML a clerk reads in a browser, DOCX an office edits, PDF it prints; a site may change each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import groupby
from typing import Any, Literal

import pylopdf_fonts_zh_cn
import typst
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment, StrictUndefined, TemplateError

from flows.letters import docx_paper
from flows.letters.errors import RulesError
from flows.letters.papers import chinese_day, paper_of


@dataclass(frozen=True)
class Templates:
    """Templates of papers: a site's own (file name → bytes) before the shipped ones.

    HTML is looked for as ``<kind>.html.j2``, then ``notice.html.j2``; PDF as ``<kind>.typ``, then ``notice.typ``; DOCX takes
    page, styles, header and footer from ``notice.docx`` where the site has one.  What a letter says is data in all three.
    ``office`` is who signs, ``code`` what its numbers begin with (both "" where the site does not say).
    """

    own: tuple[tuple[str, bytes], ...] = ()
    office: str = ""
    code: str = ""

    @cached_property
    def environment(self) -> Environment:
        own = {name: data.decode("utf-8") for name, data in self.own if name.endswith(".j2")}
        shipped = {name: data.decode("utf-8") for name, data in _shipped().items() if name.endswith(".j2")}
        loaders: list[BaseLoader] = [DictLoader(own), DictLoader(shipped)]
        made = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters["day"] = chinese_day
        made.filters["groupby_label"] = _by_label
        return made

    def find(self, *names: str) -> bytes | None:
        """The first template there is under one of the names."""
        held = _shipped() | dict(self.own)
        return next((held[name] for name in names if name in held), None)


@cache
def shipped_templates() -> Templates:
    return Templates()


@cache
def _shipped() -> dict[str, bytes]:
    folder = resources.files("flows.letters") / "templates"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith((".j2", ".typ"))}


def sheet(event: Mapping[str, Any], opening: str, templates: Templates | None = None) -> str:
    """The sheet of a notice (its CloudEvent) as one HTML page; ``RulesError`` where a site's template is wrong."""
    chosen = templates or shipped_templates()
    environment = chosen.environment
    kind = event["data"]["kind"]
    try:
        template = environment.select_template([f"{kind}.html.j2", "notice.html.j2"])
        return template.render(paper=paper_of(event, opening, chosen.office), notice=event["data"])
    except TemplateError as fault:
        raise RulesError(f"the sheet template for {kind!r} is wrong: {fault}") from fault


def _by_label(card: Sequence[Mapping[str, str]]) -> list[tuple[str, list[Mapping[str, str]]]]:
    """The lines of a card under the label they stand beside."""
    return [(label, list(lines)) for label, lines in groupby(card, key=lambda line: line["label"])]


def docx(event: Mapping[str, Any], opening: str, templates: Templates | None = None) -> bytes:
    """The paper of a notice as DOCX; the same notice gives the same bytes."""
    chosen = templates or shipped_templates()
    return docx_paper.write(paper_of(event, opening, chosen.office), chosen.find("notice.docx"))


def pdf(event: Mapping[str, Any], opening: str, templates: Templates | None = None) -> bytes:
    """The paper of a notice as PDF; the same notice gives the same bytes."""
    return _typeset(event, opening, templates or shipped_templates(), "pdf")[0]


def pictures(event: Mapping[str, Any], opening: str, templates: Templates | None = None) -> list[bytes]:
    """The paper of a notice as PNG, one a page."""
    return _typeset(event, opening, templates or shipped_templates(), "png")


def _typeset(event: Mapping[str, Any], opening: str, templates: Templates, form: Literal["pdf", "png"]) -> list[bytes]:
    source = templates.find(f"{event['data']['kind']}.typ", "notice.typ")
    if source is None:
        raise RulesError("there is no template notice.typ")
    paper = json.dumps(paper_of(event, opening, templates.office), ensure_ascii=False)
    try:
        made: object = typst.compile(  # type: ignore[misc]  # the stub has a type variable no call can settle
            source,
            format=form,
            font_paths=[str(pylopdf_fonts_zh_cn.serif_path().parent)],
            ignore_system_fonts=True,
            sys_inputs={"paper": paper},
            timestamp=0,
        )
    except typst.TypstError as fault:
        raise RulesError(f"the print template for {event['data']['kind']!r} is wrong: {fault}") from fault
    return list(made) if isinstance(made, list) else [bytes(made)] if isinstance(made, bytes) else []
