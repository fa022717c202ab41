"""What happened to a letter, in the terms of PREMIS 3.0: events as values, as JSON lines, and as XML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree import ElementTree as etree

from flows.letters.schema_check import schema_faults, shipped

EventType = Literal[
    "capture",
    "message digest calculation",
    "format identification",
    "text extraction",
    "validation",
    "routing",
    "delivery",
    "information package creation",
    "fixity check",
    "recovery",
]
Outcome = Literal["success", "failure", "warning"]

# Ours where the Library of Congress's list has no such word, with the nearest of the list.
_LISTED = {"text extraction": "extraction", "routing": "policy assignment", "delivery": "dissemination"}
_NAMESPACE = "http://www.loc.gov/premis/v3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_VOCABULARY = "http://id.loc.gov/vocabulary/preservation/eventType"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what, when (RFC 3339, UTC), with which result, by which program, on which object (its key)."""

    type: EventType
    at: str
    outcome: Outcome
    agent: str
    object: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Derived from the event, so that the same event told twice is one."""
        return _digest(self.body)

    @property
    def body(self) -> dict[str, Any]:
        return {
            "eventType": self.type,
            "eventDateTime": self.at,
            "eventOutcome": self.outcome,
            "eventDetail": dict(self.detail),
            "linkingAgent": self.agent,
            "linkingObject": self.object,
        }


def to_lines(events: Iterable[Event]) -> bytes:
    """One JSON object a line, in the order given."""
    return "".join(_line({"eventIdentifier": e.id, **e.body}) + "\n" for e in events).encode("utf-8")


def from_lines(content: bytes) -> tuple[Event, ...]:
    """The events of a log; ``ValueError`` naming every line that breaks the schema or its own identifier."""
    events, faults, schema = [], [], shipped("v1/event")
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
        except json.JSONDecodeError as fault:
            faults.append(f"line {number}: {fault}")
            continue
        wrong = schema_faults(told, schema)
        if wrong:
            faults += [f"line {number}: {one}" for one in wrong]
            continue
        if told.pop("eventIdentifier") != _digest(told):
            faults.append(f"line {number}: the event is not the one its identifier was made for")
        event = Event(
            told["eventType"], told["eventDateTime"], told["eventOutcome"], told["linkingAgent"], told["linkingObject"],
            told["eventDetail"],
        )  # fmt: skip
        events.append(event)
    if faults:
        raise ValueError("\n".join(faults))
    return tuple(events)


def to_xml(objects: Sequence[tuple[str, str, int, str]], events: Sequence[Event]) -> bytes:
    """A PREMIS document: ``objects`` are key, SHA-256, size and media type; agents are those the events name."""
    root = etree.Element("premis", {"xmlns": _NAMESPACE, "xmlns:xsi": _XSI, "version": "3.0"})
    for key, sha256, size, media_type in objects:
        _object(root, key, sha256, size, media_type)
    for event in events:
        _event(root, event)
    for agent in sorted({event.agent for event in events}):
        element = etree.SubElement(root, "agent")
        _identifier(element, "agent", agent)
        _add(element, "agentName", agent)
        _add(element, "agentType", "software")
    etree.indent(root)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _object(root: etree.Element, key: str, sha256: str, size: int, media_type: str) -> None:
    element = etree.SubElement(root, "object", {"xsi:type": "file"})
    _identifier(element, "object", key)
    characteristics = etree.SubElement(element, "objectCharacteristics")
    fixity = etree.SubElement(characteristics, "fixity")
    _add(fixity, "messageDigestAlgorithm", "SHA-256")
    _add(fixity, "messageDigest", sha256)
    _add(characteristics, "size", str(size))
    designation = etree.SubElement(etree.SubElement(characteristics, "format"), "formatDesignation")
    _add(designation, "formatName", media_type)


def _event(root: etree.Element, event: Event) -> None:
    element = etree.SubElement(root, "event")
    _identifier(element, "event", event.id)
    listed = _LISTED.get(event.type, event.type)
    _add(element, "eventType", listed).set("authority", _VOCABULARY)
    _add(element, "eventDateTime", event.at)
    detail = {**event.detail} if listed == event.type else {"step": event.type, **event.detail}
    if detail:
        information = etree.SubElement(element, "eventDetailInformation")
        _add(information, "eventDetail", _line(detail))
    outcome = etree.SubElement(element, "eventOutcomeInformation")
    _add(outcome, "eventOutcome", event.outcome)
    for kind, value in (("Agent", event.agent), ("Object", event.object)):
        link = etree.SubElement(element, f"linking{kind}Identifier")
        _add(link, f"linking{kind}IdentifierType", "local")
        _add(link, f"linking{kind}IdentifierValue", value)


def _identifier(parent: etree.Element, kind: str, value: str) -> None:
    element = etree.SubElement(parent, f"{kind}Identifier")
    _add(element, f"{kind}IdentifierType", "local")
    _add(element, f"{kind}IdentifierValue", value)


def _add(parent: etree.Element, name: str, text: str) -> etree.Element:
    element = etree.SubElement(parent, name)
    element.text = text
    return element


def _digest(body: Mapping[str, Any]) -> str:
    return "E" + hashlib.sha256(_line(body).encode("utf-8")).hexdigest()[:24]


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
