"""What duban asks of the world: an archive, a ledger, a channel; and what they hand back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

from flows.letters.model import Notice
from flows.letters.reading.recognition import RecognisedPage

if TYPE_CHECKING:
    from flows.letters.reading.pictures import Picture


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an object is in the archive, read back after writing: key, SHA-256 (hex), size in bytes, version."""

    key: str
    sha256: str
    bytes: int
    version_id: str | None
    existed: bool = False
    lock_mode: str | None = None
    retain_until: str | None = None
    legal_hold: bool = False


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the store must refuse to delete an object.

    ``until`` None means for ever (the furthest date the store knows, and a legal hold).  ``governance`` can be lifted
    by an administrator on purpose; ``compliance`` by nobody until the day has passed, whatever was archived.
    """

    until: date | None
    mode: Literal["governance", "compliance"] = "governance"


class Archive(Protocol):
    """Write-once storage.  Every call raises ``Unavailable`` when the store cannot be reached."""

    def put(
        self, key: str, data: bytes, *, media_type: str, name: str | None = None, retention: Retention | None = None
    ) -> Receipt:
        """Store ``data`` under ``key`` unless it is there already, then read the receipt back.

        ``name`` is the original's file name, kept as metadata; ``retention`` None takes the archive's own.  The same
        bytes again are no error (``existed=True``); other bytes under the same key raise ``ArchiveConflict``.
        """

    def receipt(self, key: str) -> Receipt | None:
        """The receipt of what is stored under ``key``, asked of the store now; None when absent."""

    def get(self, key: str) -> bytes:
        """The stored bytes, their checksum verified: ``ArchiveDamaged`` when absent or not what was stored."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with ``prefix``, in order of their code points."""


class VersionedArchive(Archive, Protocol):
    """An archive that can show what stood under a key before: the ground of a repair."""

    def versions(self, key: str) -> list[Receipt]:
        """Every stored version, newest first; markers of deletion left out."""

    def get_version(self, key: str, version_id: str) -> bytes:
        """The bytes of one version; ``ArchiveDamaged`` when it cannot be read whole."""


class TextRecogniser(Protocol):
    """Reads print on a picture of a page."""

    def recognise(self, picture: Picture) -> RecognisedPage:
        """The page's lines from top to bottom, each with its box in points and its confidence."""


class RepairableArchive(VersionedArchive, Protocol):
    """An archive in which a damaged object can be put right again."""

    def put_back(self, key: str, data: bytes) -> Receipt:
        """Make ``data`` what stands under ``key``, keeping the damaged bytes beside it.  For repairs alone."""


class Channel(Protocol):
    """Delivers notices; at least once, told apart by the notice's id.  Raises ``Unavailable`` when it is down."""

    def deliver(self, notice: Notice) -> str:
        """Deliver and return where it went, for the log."""


def original_key(sha256: str) -> str:
    """The contract's key of an original."""
    return f"originals/sha256/{sha256[:2]}/{sha256}"


def record_key(sha256: str, rules_version: str, suffix: str = ".json") -> str:
    """The contract's key of a record (``.json``), its text (``.txt``) or its events (``.events.jsonl``)."""
    return f"records/{sha256}/{rules_version}{suffix}"


def pack_key(year: int, letter_id: str) -> str:
    """The contract's key of a letter's proof pack."""
    return f"packages/{year:04d}/{letter_id}.zip"
