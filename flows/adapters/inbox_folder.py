"""The inbox as a folder: what lies in it, claimed by content, cleared only when it is still that content.

Threats answered here: links, fifos and devices dropped in place of letters, paths that lead out of the inbox, files
replaced while they are worked on, names that are no UTF-8, names that are the titles of letters nobody may read (what
is raised here goes to logs, so it tells files by their handles).  Left: a program that still writes into a file it opened
before we looked, through a memory map or on a machine we cannot ask.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Literal

from flows.adapters import inbox_files as files
from flows.adapters import inbox_names as names
from flows.adapters.inbox_checks import missing_rights, nestings
from flows.adapters.inbox_files import Stamp
from flows.adapters.inbox_handles import Handles
from flows.adapters.inbox_quarantine import Quarantine
from flows.adapters.inbox_seen import (
    Claimed,
    Ignored,
    NotALetterFile,
    NotSettled,
    Seen,
    Survey,
    TooLarge,
    decoded,
    inside,
    judge,
)
from flows.letters.errors import LetterError, SettingsError, Unavailable

__all__ = ["Claimed", "Ignored", "InboxFolder", "NotALetterFile", "NotSettled", "Seen", "Survey", "TooLarge"]

# Folders of this ending hold what was unpacked from one container; they go when they are empty.
UNPACKED = ".d"
_CLEARING = files.ASIDE + "clearing-"
Readiness = Literal["free", "held", "unreadable", "gone"]


class InboxFolder:
    """The inbox and its quarantine.  Paths taken or given are relative to the inbox unless it is said otherwise."""

    def __init__(
        self,
        inbox: Path,
        quarantine: Path,
        spool: Path,
        *,
        outputs: tuple[Path, ...] = (),
        largest: int = 256 << 20,
    ) -> None:
        """``outputs`` are further folders duban writes to; ``largest`` bytes are read at most.

        Raises ``SettingsError`` listing what is missing, not ours to use, or nested into each other.
        """
        self.root = inbox
        self._quarantine = Quarantine(quarantine)
        self._spool = spool
        self._handles = Handles(spool / "handles.key")
        self._largest = largest
        faults = [*missing_rights(inbox), *nestings(inbox, (quarantine, spool, *outputs))]
        if faults:
            raise SettingsError("the inbox cannot be used:\n" + "\n".join(faults))
        for folder, mode in ((quarantine, 0o750), (spool, 0o700)):
            try:
                folder.mkdir(mode=mode, parents=True, exist_ok=True)
            except OSError as fault:
                raise SettingsError(f"the folder {folder} cannot be made: {fault.strerror}") from fault

    # -- names --------------------------------------------------------------------------------------------------------

    def handle(self, path: Path) -> str:
        """What stands for the file's name wherever the name must not be seen."""
        return self._handles.of(path)

    def find(self, handle: str) -> Path | None:
        """The path of the file with this handle; None when no such file lies in the inbox."""
        known = self._handles.path_of(handle)
        if known is not None:
            return known
        return next((seen.path for seen in self.scan() if self._handles.of(seen.path) == handle), None)

    # -- looking ----------------------------------------------------------------------------------------------------

    def scan(self) -> list[Seen]:
        """Every letter's file, in the order of their paths."""
        return list(self.survey().seen)

    def survey(self, under: Path = Path()) -> Survey:
        """Everything in and below the folder ``under``; raises ``Unavailable`` when the inbox is away."""
        seen: list[Seen] = []
        ignored: list[Ignored] = []
        folders: list[Path] = []
        waiting = [under]
        while waiting:
            folder = waiting.pop()
            try:
                found = self._entries(folder)
            except OSError as fault:
                if not files.is_gone(fault):
                    ignored.append(Ignored(folder, "unreadable"))
                continue
            folders.append(folder)
            for name, state in found:
                one = judge(folder / name, state)
                if isinstance(one, Seen):
                    seen.append(one)
                elif isinstance(one, Ignored):
                    ignored.append(one)
                else:
                    waiting.append(one)
        return Survey(tuple(sorted(seen, key=lambda s: s.path)), tuple(ignored), tuple(folders))

    def _entries(self, folder: Path) -> list[tuple[str, os.stat_result]]:
        found: list[tuple[str, os.stat_result]] = []
        with files.open_folder(self.root, folder.parts) as held, os.scandir(held) as entries:
            for entry in entries:
                try:
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue  # gone since it was listed
        return found

    def look(self, path: Path) -> Seen | Ignored | Path | None:
        """What lies at ``path`` now: a letter, something ignored, a folder (its path), or nothing."""
        for depth in range(1, len(path.parts)):
            reason = names.ignored(path.parts[depth - 1], "folder")
            if reason:
                return Ignored(path, reason)
        try:
            with files.open_folder(self.root, path.parts[:-1]) as held:
                state = os.stat(path.name, dir_fd=held, follow_symlinks=False)
        except OSError as fault:
            return None if files.is_gone(fault) else Ignored(path, "unreadable")
        return judge(path, state)

    def readiness(self, path: Path) -> Readiness:
        """Whether the file may be taken: nobody writes to it (as far as can be known) and it can be read."""
        try:
            with files.open_folder(self.root, path.parts[:-1]) as folder, files.open_file(folder, path.name) as held:
                return "held" if files.is_written(held) else "free"
        except BlockingIOError:
            return "held"  # a file server holds a lease on it
        except OSError as fault:
            return "gone" if files.is_gone(fault) else "unreadable"

    def adopt(self, seen: Seen) -> Seen | None:
        """The file under a name that is proper text; None when it is gone.

        Names written by old Windows programs are GB18030 bytes; they are read as such, what is left is escaped.
        """
        path = Path(*(decoded(part) for part in seen.path.parts))
        if path == seen.path:
            return seen
        with files.world(f"the file {self.handle(seen.path)} cannot be given a proper name"):
            files.make_folder(self.root, path.parts[:-1])
            try:
                with (
                    files.open_folder(self.root, seen.path.parts[:-1]) as source,
                    files.open_folder(self.root, path.parts[:-1]) as target,
                ):
                    name = files.move_in(source, seen.path.name, target, path.name)
            except FileNotFoundError:
                return None
        found = self.look(path.with_name(name))
        return found if isinstance(found, Seen) else None

    # -- one letter ---------------------------------------------------------------------------------------------------

    def claim(self, path: Path) -> Claimed | None:
        """The content of the file at ``path`` and its hash; None when there is no file.

        Raises ``NotSettled`` when it changed meanwhile, ``Unavailable`` when it cannot be read now, and
        ``NotALetterFile`` when the path is none or leads to something else.
        """
        parts = inside(path)
        try:
            with files.open_folder(self.root, parts[:-1]) as folder:
                state = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISREG(state.st_mode):
                    raise NotALetterFile(f"{self.handle(path)} is no regular file; drop the letter itself")
                with files.open_file(folder, parts[-1]) as held:
                    return self._read(path, held)
        except OSError as fault:
            if files.is_gone(fault):
                return None
            raise Unavailable(f"the file {self.handle(path)} cannot be read: {fault.strerror}", errno=fault.errno) from fault

    def _read(self, path: Path, held: int) -> Claimed:
        if files.is_written(held):
            raise NotSettled(f"the file {self.handle(path)} is being written to; it is taken again when it rests")
        before = Stamp.of(os.fstat(held))
        keep = before.size <= self._largest
        digest = hashlib.sha256()
        kept: list[bytes] = []
        size = 0
        for block in files.chunks(held):
            digest.update(block)
            size += len(block)
            if size > before.size:
                break  # it grows
            if keep:
                kept.append(block)
        if Stamp.of(os.fstat(held)) != before or size != before.size:
            raise NotSettled(f"the file {self.handle(path)} changed while it was read; it is taken again when it rests")
        return Claimed(digest.hexdigest(), path.name, path, size, before, b"".join(kept) if keep else None)

    def clear(self, claimed: Claimed) -> bool:
        """Remove the file if it is still the one claimed; False when another lies there or none.

        It is moved aside first and looked at there: what came under its name meanwhile is never removed.
        """
        parts = claimed.path.parts
        with files.world(f"the file {self.handle(claimed.path)} cannot be removed from the inbox"):
            try:
                with files.open_folder(self.root, parts[:-1]) as folder:
                    cleared = self._clear(folder, claimed)
            except OSError as fault:
                if files.is_gone(fault):
                    return False
                raise
            if cleared:
                self._drop_unpacked(claimed.path.parent)
            return cleared

    def _clear(self, folder: int, claimed: Claimed) -> bool:
        if not _is_same(os.stat(claimed.name, dir_fd=folder, follow_symlinks=False), claimed):
            return False
        aside = files.fitted(claimed.name, prefix=_CLEARING)
        os.rename(claimed.name, aside, src_dir_fd=folder, dst_dir_fd=folder)
        state = os.stat(aside, dir_fd=folder, follow_symlinks=False)
        if not _is_same(state, claimed) or files.sha256_at(folder, aside) != claimed.sha256:
            files.move_in(folder, aside, folder, claimed.name)
            return False
        os.unlink(aside, dir_fd=folder)
        return True

    def _drop_unpacked(self, folder: Path) -> None:
        if not folder.name.endswith(UNPACKED):
            return
        try:
            with files.open_folder(self.root, folder.parts[:-1]) as outer:
                os.rmdir(folder.name, dir_fd=outer)
        except OSError:
            return  # more letters lie in it, or it is gone

    def recover(self) -> list[Path]:
        """Put back what a crash left on its way out, and remove what it left half-written a day ago or longer.

        Call it where no other process clears.  Returns the paths put back.
        """
        back: list[Path] = []
        yesterday = time.time() - 86400
        with files.world(f"the spool {self._spool} cannot be cleaned"), files.open_folder(self._spool) as folder:
            files.drop_old_asides(folder, os.listdir(folder), yesterday)
        for one in self.survey().ignored:
            if not one.path.name.startswith(files.ASIDE):
                continue
            aside, parts = one.path.name, one.path.parts[:-1]
            with files.world("a file on its way out cannot be put back"), files.open_folder(self.root, parts) as folder:
                if aside.startswith(_CLEARING):
                    name = files.move_in(folder, aside, folder, aside.removeprefix(_CLEARING))
                    back.append(one.path.with_name(name))
                else:
                    files.drop_old_asides(folder, [aside], yesterday)
        return back

    def quarantine(self, claimed: Claimed, fault: LetterError, *, secret: bool = False) -> Path:
        """Put the letter beside its reasons, both on the disk, then clear the inbox; where it lies now.

        ``secret``: into a folder only duban's own user can open, with reasons that hold no word of the letter.
        """
        with files.world(f"the file {self.handle(claimed.path)} cannot be moved to quarantine"):
            if claimed.content is not None:
                placed = self._quarantine.put(claimed, iter([claimed.content]), fault, secret=secret)
            else:
                with (
                    files.open_folder(self.root, claimed.path.parts[:-1]) as folder,
                    files.open_file(folder, claimed.name) as held,
                ):
                    placed = self._quarantine.put(claimed, files.chunks(held), fault, secret=secret)
        self.clear(claimed)
        return placed

    def drop(self, data: bytes, name: str) -> Path:
        """Put a letter into the inbox the safe way: written aside, then renamed; where it lies.

        ``name`` may have folders before it.  The same bytes under the same name, still waiting, are not dropped twice.
        Raises ``NotALetterFile`` for a name that leads out of the inbox or would be ignored there.
        """
        path = Path(*inside(Path(name)))
        reason = names.ignored(path.name, "file") or _ignored_folder(path.parts[:-1])
        if reason:
            raise NotALetterFile(f"{path}: such names are ignored in the inbox ({reason}); choose another name")
        path = path.with_name(files.fitted(path.name))
        with files.world(f"the letter cannot be put into the inbox {self.root}"):
            for _ in range(100):
                files.make_folder(self.root, path.parts[:-1])
                try:
                    with files.open_folder(self.root, path.parts[:-1]) as folder:
                        return self.root / path.with_name(self._place(folder, path.name, data))
                except FileNotFoundError:
                    continue  # the folder of an unpacked container was emptied and removed just now
        raise Unavailable("the letter's folder is removed again and again; drop the letter once more")

    def _place(self, folder: int, name: str, data: bytes) -> str:
        if files.holds(folder, name, hashlib.sha256(data).hexdigest()):
            return name
        with files.aside_for(folder, self._spool) as at:
            return files.move_in(at, files.write_aside(at, iter([data]), 0o666), folder, name)


def _ignored_folder(parts: tuple[str, ...]) -> str | None:
    """Why what lies in such folders is ignored; None when it is not."""
    return next((reason for part in parts if (reason := names.ignored(part, "folder"))), None)


def _is_same(state: os.stat_result, claimed: Claimed) -> bool:
    found = Stamp.of(state)
    return (found.device, found.inode, found.size) == (claimed.stamp.device, claimed.stamp.inode, claimed.size)
