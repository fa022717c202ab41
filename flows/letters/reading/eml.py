"""Reads a mail: its body as a letter, or the letters it carries; the header fields are provenance."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Problem, SourceText
from flows.letters.reading import html, txt
from flows.letters.reading.encoding import decode
from flows.letters.reading.magic import name_of

NAME, VERSION = "eml", "1"
MEDIA_TYPE = "message/rfc822"
MAX_PARTS = 400
_FIELDS = ("From", "To", "Cc", "Date", "Subject", "Message-ID", "Reply-To", "Sender")
_BESIDE = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_BESIDE_TEXT = ("text/calendar", "text/vcard", "text/x-vcard")
_PICTURES = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")
_NOTE = 400  # bytes of plain text; a note that says what is attached is no longer
_FRAME = 300  # bytes of Chinese: frames with less hold a counter or an advertisement
_BIG_PICTURE = 40_000  # bytes: smaller ones are the logo in a signature


@dataclass(frozen=True, slots=True)
class Part:
    """One attached file."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """Decoded header fields as (``mail:subject``, value), the letters attached, and the body's two forms.

    ``frames``: it is a saved page, and another of its frames has much text too.
    """

    headers: tuple[tuple[str, str], ...]
    letters: tuple[Part, ...]
    plain: bytes | None
    page: bytes | None
    frames: bool = False


def carries_letters(data: bytes) -> bool:
    """True where attachments are the letters; False also where the mail cannot be parsed (the reader says why)."""
    try:
        return bool(parse(data, "mail").letters)
    except UnreadableLetter:
        return False


def read(data: bytes, name: str) -> SourceText:
    """The body as a letter; header fields in ``meta``."""
    mail = parse(data, name)
    if mail.letters:
        names = ", ".join(part.name for part in mail.letters)
        raise UnreadableLetter(f"{name}: the letters are its attachments ({names}); read each of them", found="carrier")
    if mail.plain is not None and mail.plain.strip():
        source = txt.read(mail.plain, name)
    elif mail.page is not None:
        source = html.read_page(decode(mail.page, name)[0], name, MEDIA_TYPE)
    else:
        raise UnreadableLetter(f"{name}: a mail without text and without attachments", found="empty")
    reader = replace(source.reader, name=NAME, version=VERSION)
    told = (Problem("part_not_read", "网页另有框架，其中文字未读入，请核对原网页"),) if mail.frames else ()
    problems = (*source.problems, *told)
    return replace(source, reader=reader, media_type=MEDIA_TYPE, meta=(*mail.headers, *source.meta), problems=problems)


def parse(data: bytes, name: str) -> Mail:
    """The mail taken apart; ``UnreadableLetter`` where it is encrypted or nested beyond reason."""
    try:
        message = email.message_from_bytes(data, policy=compat32)
        parts = [part for _, part in zip(range(MAX_PARTS + 1), message.walk(), strict=False)]
    except (RecursionError, ValueError, LookupError, AssertionError) as fault:
        raise UnreadableLetter(f"{name}: the mail is damaged; ask the sender for the letter alone") from fault
    if len(parts) > MAX_PARTS:
        raise UnreadableLetter(f"{name}: a mail of more than {MAX_PARTS} parts; send fewer at once", found="bomb")
    if any(_is_encrypted(part) for part in parts):
        raise UnreadableLetter(f"{name}: an encrypted mail; ask the sender for a copy in the clear", found="encrypted")
    headers = [(f"mail:{key.lower()}", text) for key in _FIELDS if (text := _header(message.get(key)))]
    leaves = list(_leaves(message))
    plain = next((leaf.data for leaf in leaves if leaf.kind == "text/plain" and leaf.file is None), None)
    pages = [leaf.data for leaf in leaves if leaf.kind == "text/html" and leaf.file is None]
    frames = 0
    if message.get_content_type() == "multipart/related":
        pages.sort(key=_beyond_ascii, reverse=True)
        frames = sum(_beyond_ascii(page) > max(_FRAME, _beyond_ascii(pages[0]) // 3) for page in pages[1:])
    page = next(iter(pages), None)
    letters = tuple(_attached(leaves, is_note=max(len(plain or b""), len(page or b"") // 4) < _NOTE))
    return Mail(tuple(headers), letters, plain, page, frames > 0)


def _beyond_ascii(page: bytes) -> int:
    """How much Chinese text there may be: of a page saved with its frames one holds the article."""
    return len(page.translate(None, bytes(range(128))))


def _is_encrypted(part: Message) -> bool:
    kind = part.get_content_type()
    sealed = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    return kind == "multipart/encrypted" or (sealed and part.get_param("smime-type") != "signed-data")


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One part: media type, file name where it has one, bytes, and whether it was attached rather than embedded."""

    kind: str
    file: str | None
    data: bytes
    attached: bool


def _leaves(message: Message, depth: int = 0) -> Iterator[_Leaf]:
    """Every part; an attached mail is one part, not opened here."""
    kind, file = message.get_content_type(), _file_name(message)
    if kind == "message/rfc822" and depth:
        inner = message.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        whole = first.as_bytes(policy=compat32) if isinstance(first, Message) else b""
        yield _Leaf(kind, file or "mail.eml", whole, True)
    elif message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1)
    else:
        payload = message.get_payload(decode=True)
        attached = message.get_content_disposition() == "attachment"
        yield _Leaf(kind, file, payload if isinstance(payload, bytes) else b"", attached)


def _attached(leaves: list[_Leaf], *, is_note: bool) -> Iterator[Part]:
    """The parts that are letters; a picture in the text is one only where the text is no more than a covering note."""
    for leaf in leaves:
        if leaf.kind in (*_BESIDE, *_BESIDE_TEXT) or (leaf.file is None and leaf.kind.startswith("text/")):
            continue
        found = name_of(leaf.data) or "txt"
        embedded = not leaf.attached and (leaf.file is None or found in _PICTURES)
        large = found in _PICTURES and len(leaf.data) >= _BIG_PICTURE
        if (large and is_note) if embedded else (large or found not in _PICTURES):
            yield Part(leaf.file or f"attachment.{found.split()[-1].strip('()').lower()}", leaf.data)


def _file_name(part: Message) -> str | None:
    raw = part.get_filename()
    return _header(raw) or None if raw is not None else None


def _header(raw: object) -> str:
    """A header field in characters, whatever it was encoded with."""
    if raw is None:
        return ""
    text = str(raw)[:4000]
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        pieces = [(text, None)]
    text = "".join(_piece(piece, charset) for piece, charset in pieces)
    return re.sub(r"\s+", " ", text).strip()[:500]


def _piece(piece: bytes | str, charset: str | None) -> str:
    raw = piece.encode("ascii", "surrogateescape") if isinstance(piece, str) and not _is_text(piece) else piece
    if isinstance(raw, str):
        return raw
    label = (charset or "").lower()
    tries = ("gb18030", "utf-8") if label.startswith("gb") else ("utf-8", "gb18030")
    for encoding in (label if label and not label.startswith(("gb", "unknown")) else tries[0], *tries):
        try:
            return raw.decode(encoding)
        except (ValueError, LookupError):
            continue
    return raw.decode("utf-8", errors="replace")


def _is_text(piece: str) -> bool:
    return not any("\udc80" <= char <= "\udcff" for char in piece)
