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
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.adapters.inbox_folder import InboxFolder, Seen
from flows.discretion import trace_of
from flows.inbox_desk import Desk
from flows.inbox_looks import Looks
from flows.inbox_mail import Mail
from flows.inbox_mounts import read_mountinfo
from flows.inbox_supervision import Supervision
from flows.letters.errors import Unavailable

log = logging.getLogger("duban.inbox")

_CHECK_SECONDS = 1.0
_JOIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """How the watcher is: ``alive`` and no ``trouble`` means that letters are found.

    ``turn_age`` is the seconds since its thread last came round; a network share that hangs makes it grow.
    ``rescan_finds`` counts files of which no event told; where inotify works it stays 0.  ``lost`` counts by reason how
    often hints may have been lost (``overflow``, ``too_many_hints``, ``handler_fault``, ``watch_refused``).
    """

    alive: bool
    trouble: str | None
    polling: bool
    unsettled: int
    ready: int
    in_flight: int
    turn_age: float
    seen: int
    handed_out: int
    rescan_finds: int
    sweeps: int
    restarts: int
    lost: dict[str, int]


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
        """``polling`` is for shares that cannot be told from local folders; remote file systems are found out."""
        self._inbox = inbox
        self._sweep_seconds = sweep_seconds
        self._desk = Desk()
        self._mail = Mail()
        self._mail.ask_scan("start")
        self._looks = Looks(
            inbox, self._desk, settle_seconds=settle_seconds, rest_seconds=sweep_seconds, clock=time.monotonic
        )
        self._supervision = Supervision(
            inbox.root,
            polling=polling,
            poll_seconds=poll_seconds,
            mountinfo=mountinfo,
            hint=self._mail.hint,
            loss=self._lost,
        )
        # The thread's own.
        self._sweeps = 0
        self._check_at = self._sweep_at = self._turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="inbox-watch", daemon=True)

    # -- for the worker -----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start.  Raises ``Unavailable`` when the inbox is away."""
        for path in self._inbox.recover():
            log.warning("%s was being cleared when duban was killed; it is looked at again", self._inbox.handle(path))
        self._supervision.check()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def take(self, *, limit: int, timeout: float, heavy: bool | None = None) -> list[Seen]:
        """Up to ``limit`` settled files, the longest settled first; waits up to ``timeout`` seconds for one.

        They are in flight, and given to nobody else, until they are released.  ``heavy``: only letters that are (or are
        not) slow to read, so that who has room for one kind takes no other.  Raises ``Unavailable`` when the watcher's
        thread is gone.
        """
        taken = self._desk.take(limit, timeout, self._thread.is_alive, heavy)
        if not taken and not self._mail.is_stopping and not self._thread.is_alive():
            raise Unavailable("the watcher's thread ended; start the worker again")
        return taken

    def release(self, seen: Iterable[Seen], *, retry_after: float | None = None) -> None:
        """These are no longer in flight.

        What still lies there unchanged is handed out again: after ``retry_after`` seconds, or where that is None after
        a rest of ``sweep_seconds`` that doubles each time, up to ten minutes.
        """
        self._mail.give_back(seen, retry_after)

    def health(self) -> Health:
        """A moment's picture."""
        ready, in_flight = self._desk.sizes()
        return Health(
            alive=self._thread.is_alive(),
            trouble=self._supervision.trouble,
            polling=self._supervision.is_polling,
            unsettled=len(self._looks),
            ready=ready,
            in_flight=in_flight,
            turn_age=time.monotonic() - self._turned_at,
            seen=self._desk.total_offered,
            handed_out=self._desk.total_taken,
            rescan_finds=self._looks.rescan_finds,
            sweeps=self._sweeps,
            restarts=self._supervision.restarts,
            lost=self._mail.losses(),
        )

    def close(self) -> None:
        """Stop watching; what is not taken stays in the inbox."""
        self._mail.stop()
        self._desk.close()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        self._supervision.stop()

    def _lost(self, reason: str) -> None:
        if reason == "watch_refused":
            self._supervision.polling = True
            self._check_at = 0.0
        self._mail.lost(reason)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._mail.is_stopping:
            try:
                self._turn()
            except Unavailable as fault:
                self._pause(str(fault))
            except Exception as fault:  # the border of the watcher: whatever it was, the next turn scans again
                log.error("the watcher stumbled; it scans the inbox again: %s", trace_of(fault))
                self._pause(type(fault).__name__)

    def _pause(self, trouble: str) -> None:
        self._supervision.say(trouble)
        self._mail.ask_scan("trouble")
        self._mail.wait_stop(_CHECK_SECONDS)

    def _turn(self) -> None:
        self._turned_at = time.monotonic()
        self._supervise()
        hints, reason = self._mail.collect()
        while returned := self._mail.next_returned():
            self._looks.returned(*returned)
        for path, placed in hints.items():
            self._look_at(path, placed)
        if reason or time.monotonic() >= self._sweep_at:
            self._sweep(reason)
        self._looks.due()
        self._mail.wait(self._next_moment() - time.monotonic())

    def _supervise(self) -> None:
        if time.monotonic() < self._check_at:
            return
        self._check_at = time.monotonic() + _CHECK_SECONDS
        if self._supervision.check():
            self._mail.ask_scan("watching_anew")

    def _look_at(self, path: str, placed: bool) -> None:
        below = path.removeprefix(f"{self._inbox.root}{os.sep}")
        if below == path:
            return  # the inbox itself, whose identity is checked each second, or a name it had before it was replaced
        self._looks.hinted(Path(below), placed=placed)

    def _sweep(self, reason: str | None) -> None:
        self._sweep_at = time.monotonic() + self._sweep_seconds
        if not self._supervision.is_watching:
            return  # the inbox is away; it is scanned when it is watched again
        if reason:
            log.info("scanning the inbox: %s", reason)
        self._looks.all(routine=reason is None)
        self._sweeps += 1
        self._supervision.say(None)

    def _next_moment(self) -> float:
        due = self._looks.next_due()
        return min(self._check_at, self._sweep_at, *(() if due is None else (due,)))
