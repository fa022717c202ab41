"""The values duban passes around: frozen, JSON-shaped, each fact with its place in the text.

What a letter has hundreds of is a ``NamedTuple``, which is made in a fraction of the time of a frozen dataclass.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

LetterType = Literal["reply", "co_handling_opinion", "second_reply", "follow_up", "summary", "other"]
ProposalKind = Literal["cppcc_proposal", "npc_suggestion", "npc_motion"]
Stance = Literal["pledged", "conditional", "ongoing", "declined", "done"]
OwnerRole = Literal["lead", "support"]
OwnerBasis = Literal["named", "ellipsis", "section", "issuer"]
Precision = Literal["day", "month", "quarter", "half", "year", "plan", "vague"]
Provenance = Literal["stated", "derived", "policy_default"]
Comparator = Literal["exact", "at_least", "at_most", "about", "more_than", "less_than"]

COMMITMENT_STANCES: frozenset[Stance] = frozenset({"pledged", "conditional"})


class Span(NamedTuple):
    """A half-open range ``[start, end)`` of characters of the archived text."""

    start: int
    end: int

    def quote(self, text: str) -> str:
        return text[self.start : self.end]

    def holds(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person should look at: a stable code, a Chinese sentence, and where."""

    code: str
    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Which program read the bytes, and how sure its OCR was (0..1, None without OCR)."""

    name: str
    version: str
    ocr: bool = False
    ocr_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the reader saw it, before anything is joined or dropped.

    ``box`` is (left, top, right, bottom) in points from the page's top left, where the format has a page.
    ``continues``: the line goes on with the paragraph of the line before (only where ``SourceText.paragraphs``).
    """

    text: str
    page: int
    box: tuple[float, float, float, float] | None = None
    confidence: float | None = None
    continues: bool = False


@dataclass(frozen=True, slots=True)
class SourceText:
    """What a reader returns: lines in reading order, side facts (meta tables, mail headers), problems.

    ``paragraphs``: the format told (or its geometry showed) where paragraphs end, so nobody need guess it from widths.
    ``images``: pages (1-based) that are pictures and still wait for recognition; empty once a letter is read.
    """

    lines: tuple[Line, ...]
    reader: Reader
    media_type: str
    meta: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    paragraphs: bool = False
    images: tuple[int, ...] = ()


class Piece(NamedTuple):
    """``text[start:start+length]`` of the letter came from ``lines[line]`` at column ``column``."""

    start: int
    length: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class LetterText:
    """The archived text: page furniture removed, wrapped lines joined; every span refers to ``text``."""

    text: str
    source: SourceText
    pieces: tuple[Piece, ...]
    problems: tuple[Problem, ...] = ()

    def page_at(self, offset: int) -> int:
        """The page on which the character at ``offset`` stands (1-based)."""
        at = bisect_right(self.pieces, offset, key=lambda piece: piece.start)
        return self.source.lines[self.pieces[at - 1].line].page if at else 1


@dataclass(frozen=True, slots=True)
class Proposal:
    kind: ProposalKind | None = None
    session: str | None = None
    number: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    name: str | None = None
    phone: str | None = None
    address: str | None = None
    postcode: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What the letter says of itself; None or empty where it does not say (never guessed).

    ``spans`` maps a field's name (``proposal.title``, ``issuers[0]``) to its place.
    """

    letter_type: LetterType = "reply"
    document_number: str | None = None
    title: str | None = None
    issuers: tuple[str, ...] = ()
    date: date | None = None
    addressees: tuple[str, ...] = ()
    copies_to: tuple[str, ...] = ()
    proposal: Proposal | None = None
    outcome: str | None = None
    outcome_normalised: str | None = None
    disclosure: str | None = None
    disclosure_normalised: str | None = None
    contacts: tuple[Contact, ...] = ()
    spans: tuple[tuple[str, Span], ...] = ()


class Section(NamedTuple):
    """A numbered or headed part of the body; ``span`` covers heading and text, ``heading_span`` the heading line."""

    number: str | None
    heading: str
    span: Span
    heading_span: Span
    level: int = 1


@dataclass(frozen=True, slots=True)
class ReplyLetter:
    """A letter taken apart: its header, its sections, and ``body``, the stretches that may hold statements.

    ``body`` leaves out letterhead, salutation, opening formula, headings, sign-off, contact lines, and whatever
    is printed in the file beside the letter (site chrome, survey form, the proposal's own text).
    """

    text: LetterText
    header: Header
    sections: tuple[Section, ...]
    body: tuple[Span, ...]
    problems: tuple[Problem, ...] = ()


class ListItem(NamedTuple):
    """Where an enumerated item hangs: its list's running number in the letter, its enumerator, and what governs it.

    ``lead_in`` is the text before the first item ("下一步，我局将做好以下工作："), None where the list has none;
    a sentence after the item's first one carries the same value with ``first`` False.
    """

    list_id: int
    enumerator: str
    lead_in: Span | None = None
    first: bool = True


class Draft(NamedTuple):
    """A statement before owners, deadlines and quantities: where it stands, its stance and why.

    ``section`` is the number of the innermost section as written (None outside any), ``section_index`` its place in
    ``ReplyLetter.sections``; ``sentence`` is the whole sentence (to 。！？；) or item the span was cut from;
    ``confidence`` (0..1) speaks of span and stance alone.
    """

    span: Span
    stance: Stance
    cues: tuple[str, ...]
    confidence: float
    sentence: Span
    section: str | None = None
    section_index: int | None = None
    item: ListItem | None = None


class Owner(NamedTuple):
    """A body that must do it: ``mention`` as written ("" where left out), name and id None where unresolved."""

    mention: str
    name: str | None
    agency_id: str | None
    role: OwnerRole
    basis: OwnerBasis
    span: Span | None = None


class Deadline(NamedTuple):
    """``day`` is the last day of the stated period, None for a vague one."""

    text: str
    day: date | None
    precision: Precision
    provenance: Provenance = "stated"
    span: Span | None = None


class Quantity(NamedTuple):
    text: str
    value: float
    unit: str
    comparator: Comparator = "exact"
    span: Span | None = None


class Statement(NamedTuple):
    """The longest run of neighbouring clauses with one stance (see the annotation guide in docs/).

    ``confidence`` speaks of the whole, ``confidences`` of its fields: stance, owner, deadline, quantities (each 0..1).
    """

    span: Span
    text: str
    page: int
    section: str | None
    stance: Stance
    specific: bool
    cues: tuple[str, ...]
    confidence: float
    owners: tuple[Owner, ...] = ()
    deadline: Deadline | None = None
    quantities: tuple[Quantity, ...] = ()
    problems: tuple[Problem, ...] = ()
    confidences: tuple[tuple[str, float], ...] = ()

    @property
    def is_commitment(self) -> bool:
        return self.stance in COMMITMENT_STANCES


@dataclass(frozen=True, slots=True)
class Original:
    """The file as it arrived; ``received_at`` is RFC 3339 in UTC."""

    name: str
    sha256: str
    bytes: int
    media_type: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One commitment given to one agency; ``agency_id`` None means a person must choose (unresolved owner).

    ``action``: ``notify`` sends a notice, ``review`` asks a person first.  ``rule`` is the id of the routing row that
    decided, ``reason`` its Chinese reason.  ``instead_of`` names the owner whose matters the site sends elsewhere.
    """

    commitment_id: str
    agency_id: str | None
    mention: str
    role: OwnerRole
    action: Literal["notify", "review"] = "notify"
    rule: str = ""
    reason: str = ""
    instead_of: str | None = None


NoticeKind = Literal[
    "hand_off", "reassignment", "reminder", "overdue", "explanation", "objection", "extension", "returned",
    "withdrawal", "completion", "carry_over", "annual_list", "bundle",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one agency: ``event`` is the CloudEvent (JSON text), ``sheet`` the Chinese sheet (HTML).

    ``commitment_id`` is None where the notice covers several (lists, bundles).  ``series`` is what its ``number`` is
    allotted from when it is first sent; notices older than such numbers have neither and show their id.
    """

    id: str
    agency_id: str
    commitment_id: str | None
    role: OwnerRole
    event: str
    sheet: str
    kind: NoticeKind = "hand_off"
    series: str | None = None
    number: str | None = None
