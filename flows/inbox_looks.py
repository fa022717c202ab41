"""What the watcher knows of the files in the inbox: looks at them, decides when they rest, and offers them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from flows.adapters.inbox_files import Stamp
from flows.adapters.inbox_folder import InboxFolder, Seen
from flows.inbox_desk import Desk
from flows.inbox_settling import Settling
from flows.letters.errors import Unavailable

log = logging.getLogger("duban.inbox")

_LONGEST_REST = 600.0
_HELD_SECONDS = 1.0


class Looks:
    """For one thread.  ``clock`` is monotonic, in seconds; letters that rest go to the desk."""

    def __init__(
        self, inbox: InboxFolder, desk: Desk, *, settle_seconds: float, rest_seconds: float, clock: Callable[[], float]
    ) -> None:
        """``rest_seconds``: how long a letter that could not go on rests the first time."""
        self._inbox = inbox
        self._desk = desk
        self._settle_seconds = settle_seconds
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._settling = Settling(settle_seconds)
        self._unhinted: set[Path] = set()
        self._tries: dict[Path, tuple[Stamp, int]] = {}
        self._complained: dict[Path, Stamp] = {}
        self.rescan_finds = 0

    def __len__(self) -> int:
        return len(self._settling)

    def next_due(self) -> float | None:
        """When a file must be looked at again; None when none must."""
        return self._settling.next_due()

    def all(self, *, routine: bool) -> None:
        """Scan the inbox.  What a ``routine`` scan finds and no hint follows was missed, and is counted."""
        for seen in self._inbox.survey().seen:
            if routine and seen.path not in self._settling and not self._desk.has(seen.path):
                self._unhinted.add(seen.path)
            self._note(seen)

    def due(self) -> None:
        """Look at the files whose time has come."""
        for path in self._settling.due(self._clock()):
            self._look(path)

    def hinted(self, path: Path, *, placed: bool) -> None:
        """Something happened at ``path``; ``placed``: a file was renamed to it."""
        self._unhinted.discard(path)
        self._look(path, placed=placed)

    def returned(self, seen: Seen, retry_after: float | None) -> None:
        """A letter is no longer in flight: gone, changed, or to be offered again after a rest."""
        self._desk.land(seen.path)
        found = self._inbox.look(seen.path)
        if not isinstance(found, Seen):
            self._forget(seen.path)
        elif found.stamp != seen.stamp:
            self._tries.pop(seen.path, None)
            self._note(found)
        else:
            seconds = self._next_rest(seen) if retry_after is None else retry_after
            self._settling.rest(seen.path, seen.stamp, self._clock(), seconds)

    def _look(self, path: Path, *, placed: bool = False) -> None:
        found = self._inbox.look(path)
        if isinstance(found, Path):  # a folder that is new: of what it holds no event may ever tell
            for seen in self._inbox.survey(found).seen:
                self._note(seen)
        elif isinstance(found, Seen):
            self._note(found, placed=placed)
        else:
            self._forget(path)

    def _forget(self, path: Path) -> None:
        self._settling.forget(path)
        self._unhinted.discard(path)
        self._tries.pop(path, None)
        self._complained.pop(path, None)
        self._desk.withdraw(path)

    def _note(self, seen: Seen, *, placed: bool = False) -> None:
        if self._desk.is_current(seen):
            return
        self._desk.withdraw(seen.path)
        if self._settling.observe(seen.path, seen.stamp, self._clock(), placed=placed):
            self._offer(seen)

    def _offer(self, seen: Seen) -> None:
        """A file that rests is ready when nobody has it open for writing and we may read it."""
        readiness = self._inbox.readiness(seen.path)
        if readiness == "held":
            self._settling.hold(seen.path, seen.stamp, self._clock(), max(self._settle_seconds, _HELD_SECONDS))
            return
        try:
            adopted = self._inbox.adopt(seen) if readiness == "free" else None
        except Unavailable as fault:  # one file that cannot be renamed must not hold up the others
            self._complain(seen, str(fault))
            return
        if readiness == "unreadable":
            self._complain(seen, "it cannot be read")
            return
        if adopted is None:
            self._forget(seen.path)
            return
        if seen.path in self._unhinted:
            self._unhinted.discard(seen.path)
            self.rescan_finds += 1
            log.warning("%s was found by the scan; no event had told of it", self._inbox.handle(adopted.path))
        self._desk.offer(adopted)

    def _complain(self, seen: Seen, fault: str) -> None:
        """Said once for each state of the file; it is tried again after a rest."""
        if self._complained.get(seen.path) != seen.stamp:
            self._complained[seen.path] = seen.stamp
            handle = self._inbox.handle(seen.path)
            log.error("%s: %s; grant us the right, or take it out of the inbox (duban status shows its name)", handle, fault)
        self._settling.rest(seen.path, seen.stamp, self._clock(), self._rest_seconds)

    def _next_rest(self, seen: Seen) -> float:
        """Seconds before a letter that could not go on is offered again; twice as long each time."""
        stamp, tries = self._tries.get(seen.path, (seen.stamp, 0))
        tries = tries + 1 if stamp == seen.stamp else 1
        self._tries[seen.path] = (seen.stamp, tries)
        return min(self._rest_seconds * 2.0 ** (tries - 1), _LONGEST_REST)
