"""Unpacks mails and ZIP bundles into the files they carry, each a letter of its own, within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import eml
from flows.letters.reading.magic import name_of
from flows.letters.reading.package import MAX_BYTES, is_folder, open_package

MAX_MEMBERS = 200
MAX_NESTING = 2
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\.(?!\.?/)|~\$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_UTF8_NAME = 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """One file out of a container: a plain file name, its bytes, and where it came from (mail headers, path)."""

    name: str
    data: bytes
    provenance: tuple[tuple[str, str], ...] = ()


def is_container(data: bytes) -> bool:
    """True for a ZIP that is no document, and for a mail that carries letters; a mail without is itself the letter."""
    kind = name_of(data)
    return kind == "ZIP" or (kind == "EML" and eml.carries_letters(data))


def unpack(data: bytes, name: str) -> tuple[Member, ...]:
    """Every letter inside, also inside containers within; names are unique and hold no path.

    ``UnreadableLetter`` where it is damaged, encrypted, empty, nested deeper than ``MAX_NESTING``, or unpacks to more
    than ``MAX_MEMBERS`` files or ``MAX_BYTES``.
    """
    members = _flat(data, name, depth=1)
    if not members:
        raise UnreadableLetter(f"{name}: no file in it; ask the sender what it should hold", found="empty")
    if len(members) > MAX_MEMBERS or sum(len(member.data) for member in members) > MAX_BYTES:
        raise UnreadableLetter(
            f"{name}: more than {MAX_MEMBERS} files or {MAX_BYTES} bytes inside; send fewer at once", found="bomb"
        )
    return _with_own_names(members)


def _flat(data: bytes, name: str, depth: int) -> tuple[Member, ...]:
    if depth > MAX_NESTING:
        raise UnreadableLetter(
            f"{name}: containers within containers, more than {MAX_NESTING} deep; unpack it and send the letters",
            found="nested",
        )
    members = _mail(data, name) if name_of(data) == "EML" else _bundle(data, name)
    out: list[Member] = []
    total = 0
    for member in members:
        inner: tuple[Member, ...] = (member,)
        if is_container(member.data):
            within = _flat(member.data, member.name, depth + 1)
            inner = tuple(replace(one, provenance=(*member.provenance, *one.provenance)) for one in within)
        out += inner
        total += sum(len(one.data) for one in inner)
        if len(out) > MAX_MEMBERS or total > MAX_BYTES:
            raise UnreadableLetter(
                f"{name}: more than {MAX_MEMBERS} files or {MAX_BYTES} bytes inside; send fewer at once", found="bomb"
            )
    return tuple(out)


def _bundle(data: bytes, name: str) -> tuple[Member, ...]:
    package = open_package(data, name, members=MAX_MEMBERS)
    out = []
    for info in package.archive.infolist():
        path = _true_name(info.filename, bool(info.flag_bits & _UTF8_NAME))
        if is_folder(info) or _JUNK.search(path.replace("\\", "/")):
            continue
        out.append(Member(plain_name(path), package.read(info.filename), (("archive", name), ("path", path))))
    return tuple(out)


def _true_name(name: str, is_utf8: bool) -> str:
    """Chinese names of Windows archives are GB18030 without a mark; ``zipfile`` takes them for code page 437."""
    if is_utf8 or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def plain_name(path: str) -> str:
    """The last part of a path, with nothing in it that a file system or a log could trip over."""
    last = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip(" .")
    stem, dot, suffix = safe.rpartition(".")
    if len(safe.encode()) > 200:
        safe = stem.encode()[: 190 - len(suffix)].decode(errors="ignore") + dot + suffix[:8]
    return safe or "unnamed"


def _mail(data: bytes, name: str) -> tuple[Member, ...]:
    mail = eml.parse(data, name)
    where = (("mail", name), *mail.headers)
    return tuple(Member(plain_name(part.name), part.data, (*where, ("path", part.name))) for part in mail.letters)


def _with_own_names(members: tuple[Member, ...]) -> tuple[Member, ...]:
    seen: dict[str, int] = {}
    out = []
    for member in members:
        count = seen[member.name.lower()] = seen.get(member.name.lower(), 0) + 1
        stem, dot, suffix = member.name.rpartition(".")
        number = f"{stem}-{count}.{suffix}" if dot else f"{member.name}-{count}"
        out.append(member if count == 1 else replace(member, name=number))
    return tuple(out)
