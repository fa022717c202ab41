"""Delivers notices into ``outbox/<agency_id>/``: the event as JSON and the sheet as HTML, whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from threading import get_ident

from flows.letters.errors import Unavailable
from flows.letters.model import Notice
from flows.letters.return_forms import Forms

_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")


class FolderChannel:
    """The channel of one folder.  Delivering a notice again rewrites the same files: it is there once."""

    def __init__(self, root: Path, forms: Forms | None = None) -> None:
        self._root, self._forms = root, forms

    def deliver(self, notice: Notice) -> str:
        """Write sheet (and the form to answer on), then event, each aside and renamed; returns the event's path.

        A reader that waits for ``<id>.json`` always finds the sheet beside it.  Raises ``Unavailable`` (disk, rights).
        """
        for name in (notice.agency_id, notice.id):
            if not _SAFE.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a file name: letters, digits, . _ - only; correct the directory")
        folder = self._root / notice.agency_id
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / f"{notice.id}.html", notice.sheet.encode("utf-8"))
            if self._forms is not None and (receipt := self._forms.of_notice(notice)) is not None:
                _write(folder / f"{notice.id}.xlsx", receipt)
            _write(folder / f"{notice.id}.json", notice.event.encode("utf-8"))
            _sync_folder(folder)
        except OSError as fault:
            raise Unavailable(f"{folder} cannot be written: {fault.strerror}; check disk and rights") from fault
        return str(folder / f"{notice.id}.json")


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}.new")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
