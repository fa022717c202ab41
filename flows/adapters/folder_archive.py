"""The archive in a folder: for a laptop, and for an archive copied to a machine without a network.

A folder cannot lock its files: they are made read-only, and proof rests on the packs and the chain of days.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from flows.letters.errors import ArchiveConflict, ArchiveDamaged, SettingsError, Unavailable
from flows.ports import Receipt, Retention

_NAMES = ".names"  # file names of the originals, beside the objects; no key begins with a dot


class FolderArchive:
    """Implements ``flows.ports.Archive`` under ``root``: one file per key."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(
        self, key: str, data: bytes, *, media_type: str, name: str | None = None, retention: Retention | None = None
    ) -> Receipt:
        """As the port says; ``media_type`` and ``retention`` cannot be kept by a folder."""
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            created = _create(path, data)
            if name is not None:
                names = self._root / _NAMES / key
                names.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _create(names, name.encode())
        except OSError as fault:
            raise Unavailable(f"cannot write to the archive folder {self._root}: {fault}") from fault
        found = self.receipt(key)
        if found is None or found.sha256 != hashlib.sha256(data).hexdigest():
            raise ArchiveConflict(f"{key} already holds other bytes; nothing was overwritten. Run `duban verify`.")
        return Receipt(key, found.sha256, found.bytes, None, existed=not created)

    def receipt(self, key: str) -> Receipt | None:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise Unavailable(f"cannot read {key} in the archive folder {self._root}: {fault}") from fault
        return Receipt(key, hashlib.sha256(data).hexdigest(), len(data), None)

    def get(self, key: str) -> bytes:
        """The bytes as they are: a folder keeps no checksum of its own, the packs do."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as fault:
            raise ArchiveDamaged(f"{key} is not in the archive") from fault
        except OSError as fault:
            raise Unavailable(f"cannot read {key} in the archive folder {self._root}: {fault}") from fault

    def keys(self, prefix: str = "") -> Iterator[str]:
        # Only the folder in which the prefix ends is walked: an archive holds millions of keys.
        folder = prefix.rpartition("/")[0]
        yield from _keys(os.path.join(self._root, folder), f"{folder}/" if folder else "", prefix)

    def versions(self, key: str) -> list[Receipt]:
        """A folder has no older versions."""
        return []

    def get_version(self, key: str, version_id: str) -> bytes:
        raise ArchiveDamaged(f"{key}: a folder keeps no versions")

    def put_back(self, key: str, data: bytes) -> Receipt:
        """The damaged file is kept beside it as ``.<name>.damaged-<digits>``."""
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            path.rename(path.with_name(f".{path.name}.damaged-{secrets.token_hex(4)}"))
        return self.put(key, data, media_type="application/octet-stream")

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", "..") or part.startswith(".") or "\0" in part for part in parts):
            raise SettingsError(f"{key!r} is no archive key")
        return self._root / key


def _keys(folder: str, before: str, prefix: str) -> Iterator[str]:
    """The keys with ``prefix`` of the files under ``folder``, in their order; ``before`` is what the folder adds to a name."""
    if not os.path.isdir(folder):
        return
    # A folder sorts as its name with the slash, as its keys do.
    entries = sorted(os.scandir(folder), key=lambda e: e.name + "/" if e.is_dir(follow_symlinks=False) else e.name)
    for entry in entries:
        key = before + entry.name
        if entry.name.startswith(".") or not key.startswith(prefix):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _keys(entry.path, f"{key}/", prefix)
        elif entry.is_file(follow_symlinks=False):
            yield key


def _create(path: Path, data: bytes) -> bool:
    """Write ``data`` whole or not at all; False when the file was there before (it is left alone)."""
    if path.exists():
        return False
    aside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)  # unlike rename, it refuses to replace
        except FileExistsError:
            return False
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
