"""Opens a ZIP (DOCX, OFD, bundles) and refuses what is encrypted, too large, or a bomb."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

from flows.letters.errors import UnreadableLetter

MAX_MEMBERS = 2_000  # parts of one document; a bundle of letters has a limit of its own
MAX_BYTES = 200 * 2**20
MAX_RATIO = 100
_MAX_DIRECTORY = 4 * 2**20  # bytes; some 40,000 entries
_BROKEN = (zipfile.BadZipFile, ValueError, OverflowError, OSError, EOFError, NotImplementedError, struct.error)
_END = struct.Struct("<4s4H2LH")
_SMALL = 10 * 2**20  # a document that unpacks to no more is harmless, however well it packed


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of one archive; ``what`` names it in messages."""

    archive: zipfile.ZipFile
    what: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(info.filename for info in self.archive.infolist() if not is_folder(info))

    def read(self, name: str) -> bytes:
        """The part's bytes; ``UnreadableLetter`` where it is absent or damaged."""
        try:
            return self.archive.read(name)
        except KeyError:
            raise UnreadableLetter(f"{self.what}: the part {name} is missing; ask for a whole copy") from None
        except (*_BROKEN, zlib.error, RuntimeError) as fault:
            raise UnreadableLetter(f"{self.what}: {name} in it is damaged ({fault}); ask for a whole copy") from fault

    def find(self, name: str) -> bytes | None:
        """The part's bytes, None where the archive has no such part."""
        return self.read(name) if name in self.archive.NameToInfo else None


def open_package(data: bytes, what: str, *, members: int = MAX_MEMBERS) -> Package:
    """The archive, its declared sizes within the limits (``zipfile`` never unpacks more than is declared)."""
    if _directory_size(data) > _MAX_DIRECTORY:
        raise UnreadableLetter(f"{what}: far more than {members} members; send fewer at once", found="bomb")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except _BROKEN as fault:
        raise UnreadableLetter(f"{what}: the ZIP container is damaged or cut off; ask for a whole copy") from fault
    if any(info.flag_bits & 0x1 for info in infos):
        raise UnreadableLetter(f"{what}: encrypted; ask the sender for a copy without a password", found="encrypted")
    total = sum(info.file_size for info in infos)
    if len(infos) > members:
        raise UnreadableLetter(f"{what}: {len(infos)} members, more than {members}; send fewer at once", found="bomb")
    if total > MAX_BYTES or (total > _SMALL and total > MAX_RATIO * len(data)):
        raise UnreadableLetter(
            f"{what}: {len(data)} bytes would unpack to {total}, like an archive bomb; refused", found="bomb"
        )
    return Package(archive, what)


def is_folder(info: zipfile.ZipInfo) -> bool:
    """True for an entry without bytes of its own (an entry without a name is one too)."""
    return not info.filename or info.filename.endswith("/")


def part_names(data: bytes) -> tuple[str, ...]:
    """The names in the archive's directory; empty where it cannot be read or is too long to be looked at."""
    if _directory_size(data) > _MAX_DIRECTORY:
        return ()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple(archive.namelist())
    except _BROKEN:
        return ()


def _directory_size(data: bytes) -> int:
    """Bytes of the archive's directory as its end record says; zipfile would read all of them at once."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 2**16 - _END.size))
    if at < 0 or at + _END.size > len(data):
        return 0
    size: int = _END.unpack_from(data, at)[5]
    return size
