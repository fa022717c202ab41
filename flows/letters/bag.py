"""A BagIt bag (RFC 8493) in a ZIP whose bytes depend on nothing but its contents.

Nothing is compressed: deflate's output differs between library versions, and the same pack must be the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST, _TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say
_MAX_BYTES, _MAX_FILES = 2 * 1024**3, 10_000

# What the library raises on bytes that are no ZIP, or an encrypted, packed or broken one.
_NO_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError, EOFError, OSError, OverflowError, MemoryError,
)  # fmt: skip

FaultCode = Literal["pack_unreadable", "file_missing", "file_changed", "file_extra", "oxum_wrong"]


@dataclass(frozen=True, slots=True)
class BagFault:
    """One thing wrong with a bag: what, and with which file."""

    code: FaultCode
    path: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bag:
    """A bag as read: every file by its path within the bag, its info, and everything that is wrong with it."""

    name: str
    files: Mapping[str, bytes]
    info: Mapping[str, str]
    faults: tuple[BagFault, ...]

    def payload(self, path: str) -> bytes | None:
        return self.files.get(f"data/{path}")


def write_bag(
    name: str, payload: Mapping[str, bytes], tags: Mapping[str, bytes], info: Sequence[tuple[str, str]]
) -> bytes:
    """The ZIP of a bag called ``name``: ``payload`` under ``data/``, ``tags`` beside it, ``info`` in bag-info.txt."""
    data = {f"data/{path}": content for path, content in payload.items()}
    oxum = f"{sum(map(len, data.values()))}.{len(data)}"
    lines = [f"{label}: {value}" for label, value in (*info, ("Payload-Oxum", oxum))]
    tag_files = {
        **tags,
        "bagit.txt": DECLARATION,
        "bag-info.txt": ("\n".join(lines) + "\n").encode("utf-8"),
        _MANIFEST: _manifest(data),
    }
    files = {**data, **tag_files, _TAG_MANIFEST: _manifest(tag_files)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{name}/{path}", _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[path])
    return out.getvalue()


def read_bag(data: bytes) -> Bag:
    """The bag in a ZIP, every file checked against its manifests; never raises, the faults say what is wrong."""
    try:
        name, files = _unzip(data)
    except _NO_ZIP as fault:
        return Bag("", {}, {}, (BagFault("pack_unreadable", "", str(fault)),))
    faults = _check(files, _MANIFEST, payload=True) + _check(files, _TAG_MANIFEST, payload=False)
    info = _info(files.get("bag-info.txt", b""))
    content = [body for path, body in files.items() if path.startswith("data/")]
    oxum = f"{sum(map(len, content))}.{len(content)}"
    if info.get("Payload-Oxum") != oxum:
        faults.append(BagFault("oxum_wrong", "bag-info.txt", f"{info.get('Payload-Oxum')} stated, {oxum} found"))
    return Bag(name, files, info, tuple(faults))


def _unzip(data: bytes) -> tuple[str, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    names = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > _MAX_FILES or sum(entry.file_size for entry in entries) > _MAX_BYTES:
            raise ValueError("larger than any pack duban makes")
        for entry in entries:
            name, _, path = entry.filename.partition("/")
            if not path or path in files:
                raise ValueError(f"{entry.filename!r} is no file of a bag, or there twice")
            names.add(name)
            files[path] = _stored(data, entry) or archive.read(entry)
    if len(names) != 1:
        raise ValueError("a bag is one folder")
    return names.pop(), files


def _stored(data: bytes, entry: zipfile.ZipInfo) -> bytes | None:
    """The bytes of an entry as it lies in ``data``, without a copy of the library's bookkeeping; None where packed."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x1 or entry.compress_size != entry.file_size:
        return None
    header = data[entry.header_offset : entry.header_offset + 30]
    if header[:4] != b"PK\3\4":
        raise zipfile.BadZipFile(f"no entry where {entry.filename!r} should begin")
    start = entry.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    content = data[start : start + entry.file_size]
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename!r} is cut off")
    return content


def _check(files: Mapping[str, bytes], manifest: str, *, payload: bool) -> list[BagFault]:
    if manifest not in files:
        return [BagFault("file_missing", manifest)]
    try:
        lines = files[manifest].decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return [BagFault("file_changed", manifest, "not UTF-8")]
    stated = {_decoded(path): digest for digest, _, path in (line.partition("  ") for line in lines)}
    faults = []
    for path, digest in stated.items():
        if path not in files:
            faults.append(BagFault("file_missing", path))
        elif (found := hashlib.sha256(files[path]).hexdigest()) != digest:
            faults.append(BagFault("file_changed", path, f"SHA-256 {digest} stated, {found} found"))
    here = {path for path in files if path.startswith("data/") == payload and path != _TAG_MANIFEST}
    return faults + [BagFault("file_extra", path) for path in sorted(here - stated.keys())]


def _manifest(files: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(files[path]).hexdigest()}  {_encoded(path)}\n" for path in sorted(files)]
    return "".join(lines).encode("utf-8")


def _encoded(path: str) -> str:
    """As RFC 8493 asks: only line ends and the percent sign are encoded."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _decoded(path: str) -> str:
    return path.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _info(content: bytes) -> dict[str, str]:
    pairs = (line.partition(": ") for line in content.decode("utf-8", "replace").splitlines())
    return {label: value for label, _, value in pairs}
