"""The watcher: hands out each letter in the inbox once it has stopped changing.

Events are hints, the scan is the truth.  Whatever watchdog reports says only "look at this path"; a scan of the whole
inbox at the start, every ``sweep_seconds``, and whenever hints may have been lost finds the rest.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.adapters.inbox_files import Stamp
from flows.adapters.inbox_folder import InboxFolder, Seen
from flows.inbox_mounts import read_mountinfo, remote_parts
from flows.inbox_observers import Observers, identity_of, is_limit
from flows.inbox_settling import Settling
from flows.letters.errors import Unavailable

log = logging.getLogger("duban.inbox")

_CHECK_SECONDS = 1.0
_LONGEST_REST = 600.0
_MOST_HINTS = 50_000


@dataclass(frozen=True, slots=True)
class Counters:
    """What has happened since the start; ``rescan_finds`` should stay 0: files no event told of."""

    seen: int = 0
    handed_out: int = 0
    rescan_finds: int = 0
    overflows: int = 0
    restarts: int = 0
    sweeps: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """How the watcher is: ``alive`` and no ``trouble`` means that letters are found.

    ``turn_age`` is the seconds since its thread last came round; a network share that hangs makes it grow.
    """

    alive: bool
    trouble: str | None
    polling: bool
    unsettled: int
    ready: int
    in_flight: int
    turn_age: float
    counters: Counters


class InboxWatch:
    """A thread that looks, the settled files, and those handed out.  Every method may be called from any thread."""

    def __init__(
        self,
        inbox: InboxFolder,
        *,
        settle_seconds: float,
        sweep_seconds: float,
        polling: bool = False,
        poll_seconds: float = 1.0,
        mountinfo: Callable[[], str] = read_mountinfo,
    ) -> None:
        """``polling`` is for shares that this machine does not know as remote; remote file systems are found out."""
        self._inbox = inbox
        self._settle_seconds = settle_seconds
        self._sweep_seconds = sweep_seconds
        self._polling = polling
        self._poll_seconds = poll_seconds
        self._mountinfo = mountinfo
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._offered = threading.Condition(lock)
        # Guarded by the lock.
        self._hints: dict[str, bool] = {}
        self._released: list[tuple[Seen, float | None]] = []
        self._scan: str | None = "start"
        self._ready: dict[Path, Seen] = {}
        self._flying: dict[Path, Seen] = {}
        self._counters = Counters()
        self._stopping = False
        # The thread's own.
        self._settling = Settling(settle_seconds)
        self._unhinted: set[Path] = set()
        self._tries: dict[Path, tuple[Stamp, int]] = {}
        self._complained: dict[Path, Stamp] = {}
        self._observers: Observers | None = None
        self._trouble: str | None = None
        self._check_at = self._sweep_at = self._turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="inbox-watch", daemon=True)

    # -- for the worker ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        for path in self._inbox.recover():
            log.warning("%s was being cleared when duban was killed; it is looked at again", path)
        self._supervise()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def take(self, *, limit: int, timeout: float) -> list[Seen]:
        """Up to ``limit`` settled files, the longest settled first; waits up to ``timeout`` seconds for one.

        They are in flight, and given to nobody else, until they are released.  Raises ``Unavailable`` when the
        watcher's thread is gone.
        """
        with self._offered:
            self._offered.wait_for(lambda: self._ready or self._stopping or not self._thread.is_alive(), timeout)
            if not self._stopping and not self._thread.is_alive():
                raise Unavailable("the watcher's thread ended; start the worker again")
            taken = [self._ready.pop(path) for path in list(self._ready)[:limit]]
            self._flying.update((seen.path, seen) for seen in taken)
            self._counters = replace(self._counters, handed_out=self._counters.handed_out + len(taken))
            return taken

    def release(self, seen: Iterable[Seen], *, retry_after: float | None = None) -> None:
        """These are no longer in flight.  What still lies there unchanged is handed out again after ``retry_after``
        seconds, or where that is None after a rest that doubles each time, up to ten minutes."""
        with self._work:
            self._released.extend((one, retry_after) for one in seen)
            self._work.notify()

    def health(self) -> Health:
        """A moment's picture."""
        with self._work:
            return Health(
                alive=self._thread.is_alive(),
                trouble=self._trouble,
                polling=bool(self._observers and self._observers.remote),
                unsettled=len(self._settling),
                ready=len(self._ready),
                in_flight=len(self._flying),
                turn_age=time.monotonic() - self._turned_at,
                counters=self._counters,
            )

    def close(self) -> None:
        """Stop watching; what is not taken stays in the inbox."""
        with self._work:
            self._stopping = True
            self._work.notify_all()
            self._offered.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)
        if self._observers:
            self._observers.stop()
            self._observers = None

    # -- for watchdog's threads: must not raise, must not wait -------------------------------------------------------

    def _hint(self, path: str, placed: bool) -> None:
        with self._work:
            if len(self._hints) >= _MOST_HINTS and path not in self._hints:
                self._scan = self._scan or "too_many_hints"
            else:
                self._hints[path] = self._hints.get(path, False) or placed
            self._work.notify()

    def _lost(self, reason: str) -> None:
        with self._work:
            self._scan = reason
            if reason == "overflow":
                self._counters = replace(self._counters, overflows=self._counters.overflows + 1)
            if reason == "watch_refused":
                self._polling = True
                self._check_at = 0.0
            self._work.notify()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except Unavailable as fault:
                self._rest_of_turn(str(fault))
            except Exception as fault:  # the border of the watcher: whatever it was, the next turn scans again
                log.exception("the watcher stumbled; it scans the inbox again")
                self._rest_of_turn(f"{type(fault).__name__}: {fault}")

    def _rest_of_turn(self, trouble: str) -> None:
        self._say(trouble)
        with self._work:
            self._scan = "trouble"
            self._check_at = time.monotonic() + _CHECK_SECONDS
            self._work.wait_for(lambda: self._stopping, _CHECK_SECONDS)

    def _turn(self) -> None:
        self._turned_at = now = time.monotonic()
        if now >= self._check_at:
            self._supervise()
        with self._work:
            hints, self._hints = self._hints, {}
            released, self._released = self._released, []
            reason, self._scan = self._scan, None
        for seen, retry_after in released:
            self._take_back(seen, retry_after)
        for path, placed in hints.items():
            self._look_at_hint(path, placed)
        if reason or now >= self._sweep_at:
            self._sweep(reason)
        for due in self._settling.due(time.monotonic()):
            self._look(due)
        with self._work:
            if not (self._hints or self._released or self._scan or self._stopping):
                self._work.wait(max(0.0, self._next_moment() - time.monotonic()))

    def _next_moment(self) -> float:
        due = self._settling.next_due()
        return min(self._check_at, self._sweep_at, *(() if due is None else (due,)))

    def _supervise(self) -> None:
        """Observers that live and watch the folder that is the inbox now; ``trouble`` where there can be none."""
        self._check_at = time.monotonic() + _CHECK_SECONDS
        if self._observers:
            fault = self._observers.fault()
            if fault is None and self._observers.remote == self._remote():
                return
            log.warning("%s; watching is set up anew", fault or "what is local and what is remote in the inbox changed")
            self._observers.stop()
            self._observers = None
            self._count(restarts=1)
        if identity_of(self._inbox.root) is None:
            self._say(f"the inbox {self._inbox.root} is away; letters are found again when it is back")
            return
        self._observers = self._observe()
        if self._observers:
            self._say(None)
            with self._work:
                self._scan = self._scan or "watching_anew"

    def _remote(self) -> list[Path]:
        if self._polling:
            return [self._inbox.root]
        return remote_parts(self._mountinfo(), self._inbox.root)

    def _observe(self) -> Observers | None:
        try:
            return self._observers_for(self._remote())
        except OSError as fault:
            if self._polling or not is_limit(fault):
                self._say(f"the inbox {self._inbox.root} cannot be watched: {fault.strerror}")
                return None
            log.warning("inotify is refused (%s): the inbox is polled; raise fs.inotify limits", fault.strerror)
            self._polling = True
            return self._observe()

    def _observers_for(self, remote: list[Path]) -> Observers:
        root = self._inbox.root
        return Observers(root, remote, poll_seconds=self._poll_seconds, hint=self._hint, loss=self._lost)

    def _say(self, trouble: str | None) -> None:
        if trouble and trouble != self._trouble:
            log.error("%s", trouble)
        elif self._trouble and not trouble:
            log.info("the inbox is watched again")
        self._trouble = trouble

    def _count(self, **more: int) -> None:
        with self._work:
            self._counters = replace(
                self._counters, **{name: getattr(self._counters, name) + by for name, by in more.items()}
            )

    # -- files -------------------------------------------------------------------------------------------------------

    def _sweep(self, reason: str | None) -> None:
        self._sweep_at = time.monotonic() + self._sweep_seconds
        if self._observers is None:
            return  # the inbox is away; the scan follows when it is watched again
        if reason not in (None, "start"):
            log.info("scanning the inbox: %s", reason)
        now = time.monotonic()
        for seen in self._inbox.survey().seen:
            if reason is None and seen.path not in self._settling and seen.path not in self._ready:
                self._unhinted.add(seen.path)
            self._note(seen, now)
        self._count(sweeps=1)

    def _look_at_hint(self, path: str, placed: bool) -> None:
        root = str(self._inbox.root)
        if path == root:
            return  # the folder itself: its identity is checked each second
        below = Path(path.removeprefix(root + os.sep))
        if below.is_absolute():
            return  # an event told under a path the inbox had before it was replaced
        self._unhinted.discard(below)
        self._look(below, placed=placed)

    def _look(self, path: Path, *, placed: bool = False) -> None:
        found = self._inbox.look(path)
        if isinstance(found, Path):  # a folder that is new: what it holds may never be told
            for seen in self._inbox.survey(found).seen:
                self._note(seen, time.monotonic())
        elif isinstance(found, Seen):
            self._note(found, time.monotonic(), placed=placed)
        else:
            self._forget(path)

    def _forget(self, path: Path) -> None:
        self._settling.forget(path)
        self._unhinted.discard(path)
        self._tries.pop(path, None)
        self._complained.pop(path, None)
        with self._work:
            self._ready.pop(path, None)

    def _note(self, seen: Seen, now: float, *, placed: bool = False) -> None:
        with self._work:
            if seen.path in self._flying:
                return  # it is looked at when it is released
            waiting = self._ready.get(seen.path)
            if waiting == seen:
                return
            self._ready.pop(seen.path, None)
        if self._settling.observe(seen.path, seen.stamp, now, placed=placed):
            self._offer(seen, now)

    def _offer(self, seen: Seen, now: float) -> None:
        """A file that rests is handed out when nobody writes to it and it can be read."""
        readiness = self._inbox.readiness(seen.path)
        if readiness == "held":
            self._settling.hold(seen.path, seen.stamp, now, max(self._settle_seconds, _CHECK_SECONDS))
            return
        if readiness == "unreadable":
            self._complain(seen)
            self._settling.rest(seen.path, seen.stamp, now, self._sweep_seconds)
            return
        adopted = self._inbox.adopt(seen) if readiness == "free" else None
        if adopted is None:
            self._forget(seen.path)
            return
        if seen.path in self._unhinted:
            self._unhinted.discard(seen.path)
            log.warning("%s was found by the scan; no event had told of it", adopted.path)
            self._count(rescan_finds=1)
        with self._offered:
            self._ready[adopted.path] = adopted
            self._counters = replace(self._counters, seen=self._counters.seen + 1)
            self._offered.notify()

    def _complain(self, seen: Seen) -> None:
        if self._complained.get(seen.path) != seen.stamp:
            self._complained[seen.path] = seen.stamp
            log.error("%s cannot be read; grant the right to read it, or take it out of the inbox", seen.path)

    def _take_back(self, seen: Seen, retry_after: float | None) -> None:
        now = time.monotonic()
        with self._work:
            self._flying.pop(seen.path, None)
        found = self._inbox.look(seen.path)
        if not isinstance(found, Seen):
            self._forget(seen.path)
        elif found.stamp != seen.stamp:
            self._tries.pop(seen.path, None)
            self._note(found, now)
        else:
            self._settling.rest(seen.path, seen.stamp, now, self._rest(seen) if retry_after is None else retry_after)

    def _rest(self, seen: Seen) -> float:
        """Seconds before a letter that could not go on is tried again; twice as long each time."""
        stamp, tries = self._tries.get(seen.path, (seen.stamp, 0))
        tries = tries + 1 if stamp == seen.stamp else 1
        self._tries[seen.path] = (seen.stamp, tries)
        return min(self._sweep_seconds * 2.0 ** (tries - 1), _LONGEST_REST)
