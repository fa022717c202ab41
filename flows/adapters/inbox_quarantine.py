"""The quarantine: a letter that cannot go on, beside the reasons a clerk reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.adapters import inbox_files as files
from flows.adapters.inbox_seen import Claimed, NotSettled
from flows.letters.errors import LetterError, Unavailable

WHY = ".why.json"
RESTRICTED = "restricted"
_MOST_SAME_NAMES = 10_000


class Quarantine:
    """One folder of refused letters; secret ones in ``restricted/``, which only duban's own user can open."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, claimed: Claimed, content: Iterator[bytes], fault: LetterError, *, secret: bool) -> Path:
        """File and ``<name>.why.json``, whole and on the disk when this returns; where the file lies.

        The same content again takes the place it had; other content of the same name gets a numbered one.  Raises
        ``NotSettled`` when ``content`` turns out not to be what was claimed.
        """
        folder = self._root / RESTRICTED if secret else self._root
        mode = 0o600 if secret else 0o640
        folder.mkdir(mode=0o700 if secret else 0o750, parents=True, exist_ok=True)
        with files.open_folder(folder) as held:
            name = _place_for(held, claimed)
            aside = files.write_aside(held, content, mode)
            if files.sha256_at(held, aside) != claimed.sha256:
                os.unlink(aside, dir_fd=held)
                raise NotSettled("the file changed after it was claimed; it is taken again when it rests")
            reasons = json.dumps(_reasons(claimed, fault, secret), ensure_ascii=False, indent=1) + "\n"
            files.replace_with(held, name + WHY, reasons.encode(), mode)
            os.rename(aside, name, src_dir_fd=held, dst_dir_fd=held)
            os.fsync(held)
        return folder / name


def names_by_content(root: Path) -> dict[str, str]:
    """The names of the files in quarantine by their SHA-256, as far as we may look; reasons a person broke are passed over."""
    names = {}
    for path in root.rglob(f"*{WHY}"):
        try:
            told = json.loads(path.read_text("utf-8"))
            names[str(told["sha256"])] = str(told["file"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return names


def _place_for(folder: int, claimed: Claimed) -> str:
    for number in range(1, _MOST_SAME_NAMES):
        name = files.fitted(claimed.name, suffix=WHY, number=number).removesuffix(WHY)
        try:
            if files.sha256_at(folder, name) == claimed.sha256:
                return name
        except FileNotFoundError:
            return name
    raise Unavailable(f"quarantine holds {_MOST_SAME_NAMES} letters of one name; clear it out")


def _reasons(claimed: Claimed, fault: LetterError, secret: bool) -> dict[str, Any]:
    """What a clerk and a program need; of a secret letter not a word that may come from its text."""
    why: dict[str, Any] = {
        "file": claimed.name,
        "path": claimed.path.as_posix(),
        "sha256": claimed.sha256,
        "bytes": claimed.size,
        "code": fault.code,
        "reason_zh": fault.reason_zh,
        "advice_zh": fault.advice_zh,
        "quarantined_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    return why if secret else {**why, "message": fault.message, "facts": {k: str(v) for k, v in fault.facts.items()}}
