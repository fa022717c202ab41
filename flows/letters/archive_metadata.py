"""The sidecar an archive takes over: the letter's metadata under the element names of DA/T 46."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as etree

from flows.letters.premis import Event
from flows.letters.wording import words


def da_t_46(record: Mapping[str, Any], events: Sequence[Event], pages: int) -> bytes:
    """The sidecar as XML; elements the letter says nothing about are left out, not guessed."""
    told = words("proof")["da_t_46"]
    header, original = record["header"], record["original"]
    root = etree.Element(told["root"])
    root.append(etree.Comment(f" {told['note']} "))
    _add(root, told["level"], told["level_value"])
    _group(root, told["source"], [(told["unit"], name) for name in header["issuers"]])
    _add(root, told["file_id"], record["id"])
    content = [(told["title"], header["title"]), (told["document_number"], header["document_number"])]
    content += [(told["responsible"], issuer) for issuer in header["issuers"]]
    content += [(told["date"], header["date"]), (told["kind"], told["kinds"][header["letter_type"]])]
    content += [(told["addressees"], name) for name in header["addressees"] or ()]
    content += [(told["copies"], name) for name in header["copies_to"]]
    _group(root, told["content"], [*content, (told["secrecy"], told["secrecy_none"])])
    form = [(told["pages"], str(pages) if pages else None), (told["language"], told["language_value"])]
    _group(root, told["form"], [*form, (told["draft"], told["draft_value"])])
    reader = record["reader"]
    electronic = [
        (told["format"], original["media_type"]),
        (told["name"], original["name"]),
        (told["size"], str(original["bytes"])),
        (told["program"], f"{reader['name']} {reader['version']}"),
        (told["digest_algorithm"], "SHA-256"),
        (told["digest"], original["sha256"]),
    ]
    _group(root, told["electronic"], electronic)
    _group(root, told["rights"], [(told["control"], header["disclosure"] or told["control_none"])])
    for event in events:
        steps = [(told["action"], event.type), (told["time"], event.at), (told["result"], event.outcome)]
        _group(root, told["business"], steps)
    etree.indent(root)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _group(root: etree.Element, name: str, values: Sequence[tuple[str, str | None]]) -> None:
    group = etree.SubElement(root, name)
    for label, value in values:
        _add(group, label, value)


def _add(parent: etree.Element, name: str, value: str | None) -> None:
    if value:
        etree.SubElement(parent, name).text = value
