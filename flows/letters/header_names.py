"""Reads the bodies and people of a letter's header: who signed, whom it speaks to, who gets a copy, whom to call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.letters.header_labels import Labelled
from flows.letters.model import Contact, Span
from flows.letters.wordings import folded, patterns
from flows.letters.zones import Row, Zones, signing_rows

Named = tuple[str, Span | None]


def bodies_in(view: str, at: int) -> list[Named]:
    """The bodies of a line of names that begins at offset ``at`` of the text, without seals in brackets."""
    return [
        (hit.group("org"), Span(at + hit.start("org"), at + hit.end("org")))
        for hit in patterns("header")["org_split"].finditer(view)
    ]


def issuers_of(zones: Zones, labels: Sequence[Labelled], title: Row | None) -> list[Named]:
    """Who signed, in order; where nobody signed: the letterhead, the title's first words, the web table's field."""
    return (
        _signed(zones) or _tail_signed(zones) or _letterhead(zones) or _in_title(title) or _labelled(labels) or []
    )


def _signed(zones: Zones) -> list[Named]:
    """The lines of names below the text, from the first such to where other lines follow."""
    rules = patterns("layout")
    found: list[Named] = []
    for row in signing_rows(zones):
        if len(row.view) <= 80 and rules["signature"].fullmatch(row.view) and not rules["contact_line"].match(row.view):
            found.extend(bodies_in(row.view, row.start))
        elif len(row.view) <= 120 and (dated := rules["signature_dated"].fullmatch(row.view)):
            found.extend(bodies_in(dated.group("orgs"), row.start))
        elif rules["closing"].fullmatch(row.view) and not found:
            continue
        elif rules["attachment_line"].match(row.view) or rules["form_line"].search(row.view) or found:
            break
    return _once(found)


def _tail_signed(zones: Zones) -> list[Named]:
    if zones.tail is None:
        return []
    row = next(r for r in zones.rows if r.start <= zones.tail.start < r.end)
    hit = patterns("layout")["tail"].search(row.view, max(0, zones.tail.start - row.start - 2))
    return bodies_in(hit.group("orgs"), row.start + hit.start("orgs")) if hit else []


def _letterhead(zones: Zones) -> list[Named]:
    found: list[Named] = []
    for row in zones.rows[: zones.head]:
        hit = patterns("header")["letterhead"].fullmatch(row.view)
        if hit:
            found.extend(bodies_in(hit.group("org"), row.start))
        elif found:
            break
    return _once(found)


def _in_title(title: Row | None) -> list[Named]:
    hit = patterns("header")["title_issuer"].match(title.view) if title else None
    return _once(bodies_in(hit.group("org"), title.start)) if hit and title else []


def _labelled(labels: Sequence[Labelled]) -> list[Named]:
    return [(label.value, label.span) for label in labels if label.field == "issuer" and label.value][:1]


def _once(found: Sequence[Named]) -> list[Named]:
    kept: dict[str, Named] = {}
    for name, span in found:
        kept.setdefault(name, (name, span))
    return list(kept.values())




def addressees_of(zones: Zones, text: str) -> list[Named]:
    """Whom the salutation speaks to, bodies whole, people bare; empty where there is none."""
    if zones.salutation is None:
        return []
    return names_in(folded(zones.salutation.quote(text)), zones.salutation.start)


def names_in(view: str, at: int) -> list[Named]:
    """The names of a salutation (its folded text without the colon, beginning at ``at``), bodies whole, people bare."""
    rules = patterns("header")
    found: list[Named] = []
    start = 0
    for cut in [*(hit.span() for hit in rules["between_names"].finditer(view)), (len(view), len(view))]:
        piece, begin = view[start : cut[0]], start
        start = cut[1]
        if end := rules["person_end"].search(piece):
            piece = piece[: end.start()]
        if not _is_body(piece) and (prefix := rules["person_start"].match(piece)):
            begin += prefix.end()
            piece = piece[prefix.end() :]
        name = re.sub(r"\s*\([^()]*\)$", "", piece.strip())
        if name:
            begin += piece.index(name)
            found.append((_squeezed(name), Span(at + begin, at + begin + len(name))))
    return found


def _is_body(piece: str) -> bool:
    return len(piece) > 4 and patterns("header")["org_split"].search(piece) is not None


def _squeezed(name: str) -> str:
    """王 芳 is 王芳: blanks between the characters of a short name are typesetting."""
    return re.sub(r"\s", "", name) if len(name) <= 6 else name


def copies_of(zones: Zones) -> list[Named]:
    """Who gets a copy, as written, without counts and marks."""
    found: list[Named] = []
    for row in zones.rows[zones.foot :]:
        hit = patterns("layout")["copies_line"].match(row.view) and patterns("header")["copies"].search(row.view)
        if not hit:
            continue
        start = hit.start("list")
        for cut in re.finditer(r"[^,;、。]+", row.view[start:]):
            name = re.sub(r"\([^()]*\)?|^\s+|\s+$", "", cut.group())
            if name and not re.fullmatch(r"[\d\s)份各]*", name):
                begin = row.start + start + cut.start() + cut.group().index(name[0])
                found.append((name, Span(begin, begin + len(name))))
    return found


def contacts_of(labels: Sequence[Labelled], zones: Zones) -> list[tuple[Contact, Span | None]]:
    """Whom to call: one contact for each name, with the phone, address and postcode that stand by it."""
    foot = zones.rows[zones.foot].start if zones.foot < len(zones.rows) else None
    if foot is None:
        return []
    contacts: list[tuple[Contact, Span | None]] = []
    shared: dict[str, str] = {}
    for field, value, span in _contact_values(label for label in labels if label.span and label.span.start >= foot):
        if field in ("address", "postcode"):
            shared.setdefault(field, value)
        elif field == "name" or not contacts:
            contacts.append((Contact(**{field: value}), span))
        elif contacts[-1][0].phone is None and field == "phone":
            contacts[-1] = (Contact(contacts[-1][0].name, value), contacts[-1][1])
    if shared and not contacts:
        contacts = [(Contact(), Span(foot, foot))]
    return [
        (Contact(c.name, c.phone, shared.get("address"), shared.get("postcode")), span) for c, span in contacts
    ]


def _contact_values(labels: Iterator[Labelled]) -> Iterator[tuple[str, str, Span | None]]:
    rules = patterns("header")
    for label in labels:
        if not label.field.startswith("contact_") or not label.value:
            continue
        field, value = label.field.removeprefix("contact_"), re.sub(r"\s+", " ", label.value)
        phone = rules["phone"].search(value) if field in ("name", "phone") else None
        if field == "name" and phone:
            name = value[: phone.start()].rstrip(" ,、;:")
            if name:
                yield "name", name, label.place(0, len(name))
            yield "phone", phone.group(), label.place(phone.start(), len(phone.group()))
        elif field == "postcode":
            if code := rules["postcode"].search(value):
                yield "postcode", code.group(), label.span
        else:
            yield field, value, label.span
