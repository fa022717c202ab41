"""What is seen in the inbox and what is claimed from it, as values."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from flows.adapters import inbox_names as names
from flows.adapters.inbox_files import Stamp
from flows.letters.errors import LetterError, Unavailable


class NotSettled(Unavailable):
    """The file changed while it was read; it is taken again when it rests."""

    code = "not_settled"


class NotALetterFile(LetterError):
    """The path does not name a letter in the inbox: it leads out of it, or to a link, a fifo, a device."""

    code = "not_a_letter_file"
    reason_zh = "路径不是收件箱中的普通文件"
    advice_zh = "请投放普通文件；链接、管道、设备文件和收件箱以外的路径不予受理。"


class TooLarge(LetterError):
    """No letter is that large; the file is not read into memory."""

    code = "too_large"
    reason_zh = "文件过大"
    advice_zh = "请将来函拆分或压缩图片后重新投放。"


@dataclass(frozen=True, slots=True)
class Seen:
    """A letter's file as it lay there: path relative to the inbox and its stamp."""

    path: Path
    stamp: Stamp

    @property
    def size(self) -> int:
        return self.stamp.size

    @property
    def mtime_ns(self) -> int:
        return self.stamp.mtime_ns

    @property
    def ctime_ns(self) -> int:
        return self.stamp.ctime_ns

    @property
    def heavy(self) -> bool:
        """May need character recognition: seconds a page."""
        return names.is_heavy(self.path.name)

    @property
    def key(self) -> str:
        """The same for the same state of the same file."""
        return f"{self.path.as_posix()}\0{self.stamp}"


@dataclass(frozen=True, slots=True)
class Ignored:
    """What lies in the inbox and is no letter, and why it is left alone."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was found: letters, what is ignored, and the folders walked (relative, the start first)."""

    seen: tuple[Seen, ...]
    ignored: tuple[Ignored, ...]
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter's content, copied out of the inbox: nothing that happens to the file changes it."""

    sha256: str
    name: str
    path: Path
    size: int
    stamp: Stamp
    content: bytes | None

    @property
    def data(self) -> bytes:
        """The bytes; raises ``TooLarge`` where they were not kept."""
        if self.content is None:
            raise TooLarge(f"{self.name} has {self.size} bytes; split it or compress its pictures", bytes=self.size)
        return self.content


def judge(path: Path, state: os.stat_result) -> Seen | Ignored | Path:
    """What an entry is, by its name and kind: a letter, something ignored, or a folder to walk (its path)."""
    kind = stat.S_IFMT(state.st_mode)
    if kind == stat.S_IFDIR:
        reason = names.ignored(path.name, "folder")
        return Ignored(path, reason) if reason else path
    if kind != stat.S_IFREG:
        return Ignored(path, _KINDS.get(kind, "device"))
    reason = names.ignored(path.name, "file")
    return Ignored(path, reason) if reason else Seen(path, Stamp.of(state))


_KINDS = {stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


def inside(path: Path) -> tuple[str, ...]:
    """The parts of a path that stays below the inbox; raises ``NotALetterFile`` for any other."""
    if not path.parts or path.is_absolute() or any(part == ".." or "\0" in part for part in path.parts):
        raise NotALetterFile(f"{str(path)!r} is no path inside the inbox; give it relative to the inbox")
    return path.parts


def decoded(name: str) -> str:
    """A name that is proper text: bytes that are no UTF-8 are read as GB18030, or escaped where they are not that."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if "/" not in text and "\0" not in text else raw.decode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")
