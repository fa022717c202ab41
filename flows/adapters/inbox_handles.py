"""Handles of files in the inbox: what Prefect and the logs show in place of a name, which is often the letter's title."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

from flows.letters.errors import Unavailable

_DIGITS = 16
_KEY_BYTES = 32
# Enough for every letter in flight and the files the watcher speaks of; what is forgotten is found by a scan.
_REMEMBERED = 20_000


class Handles:
    """Handle by path, and back for those given lately.

    Keyed with a secret of this machine: a plain hash of a title that can be guessed could be tested by guessing.
    """

    def __init__(self, key_file: Path) -> None:
        """The key is made when the first handle is asked for; another user, who cannot read it, drops letters without."""
        self._key_file = key_file
        self._key: bytes | None = None
        self._paths: OrderedDict[str, Path] = OrderedDict()
        self._remembering = threading.Lock()

    def of(self, path: Path) -> str:
        """Sixteen hexadecimal digits, the same for the same path for as long as the key lives."""
        if self._key is None:
            self._key = _kept(self._key_file)
        handle = hmac.new(self._key, os.fsencode(path.as_posix()), hashlib.sha256).hexdigest()[:_DIGITS]
        with self._remembering:
            self._paths[handle] = path
            self._paths.move_to_end(handle)
            if len(self._paths) > _REMEMBERED:
                self._paths.popitem(last=False)
        return handle

    def path_of(self, handle: str) -> Path | None:
        """The path, where its handle was asked for in this process not too long ago."""
        with self._remembering:
            return self._paths.get(handle)


def _kept(file: Path) -> bytes:
    """The key in ``file``, made where there is none: whole or not at all, for two processes may make it at once."""
    try:
        if not file.exists():
            aside = file.with_name(f".{secrets.token_hex(8)}.new")
            with open(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as new:
                new.write(secrets.token_bytes(_KEY_BYTES))
            _place(aside, file)
        return file.read_bytes()
    except OSError as fault:
        raise Unavailable(f"the key of the inbox's handles, {file}, cannot be used: {fault.strerror}") from fault


def _place(aside: Path, file: Path) -> None:
    """``aside`` becomes ``file`` unless another process was quicker: then its key is the one."""
    try:
        os.link(aside, file)
    except FileExistsError:
        aside.unlink()
    except OSError:  # a file system without links: of two who come in the same instant the later one's key stays
        aside.replace(file)
    else:
        aside.unlink()
