"""Keeps the inbox watched: by observers that live, on the folder that is the inbox now, by polling where need be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from flows.inbox_mounts import remote_parts
from flows.inbox_observers import Hint, Loss, Observers, identity_of, is_limit

log = logging.getLogger("duban.inbox")


class Supervision:
    """One set of observers at a time; made anew when it is faulty, dropped while the inbox is away."""

    def __init__(
        self, root: Path, *, polling: bool, poll_seconds: float, mountinfo: Callable[[], str], hint: Hint, loss: Loss
    ) -> None:
        self.polling = polling
        self.trouble: str | None = None
        self.restarts = 0
        self._root = root
        self._poll_seconds = poll_seconds
        self._mountinfo = mountinfo
        self._hint = hint
        self._loss = loss
        self._observers: Observers | None = None

    @property
    def is_watching(self) -> bool:
        return self._observers is not None

    @property
    def is_polling(self) -> bool:
        """Whether any part of the inbox is polled."""
        return self._observers is not None and bool(self._observers.remote)

    def check(self) -> bool:
        """Look after the observers; True when they were made anew, and so the inbox must be scanned."""
        if self._observers:
            fault = self._observers.fault()
            if fault is None and self._observers.remote == self._remote():
                return False
            log.warning("%s; watching is set up anew", fault or "other parts of the inbox are remote now")
            self.stop()
            self.restarts += 1
        if identity_of(self._root) is None:
            self.say(f"the inbox {self._root} is away; letters are found again when it is back")
            return False
        self._observers = self._observe()
        if self._observers is None:
            return False
        self.say(None)
        return True

    def stop(self) -> None:
        """End all threads; returns when they are gone."""
        if self._observers:
            self._observers.stop()
            self._observers = None

    def say(self, trouble: str | None) -> None:
        """Note what is wrong, or that nothing is; logged when it is news."""
        if trouble and trouble != self.trouble:
            log.error("%s", trouble)
        elif self.trouble and not trouble:
            log.info("the inbox is watched again")
        self.trouble = trouble

    def _remote(self) -> list[Path]:
        return [self._root] if self.polling else remote_parts(self._mountinfo(), self._root)

    def _observe(self) -> Observers | None:
        try:
            return Observers(
                self._root, self._remote(), poll_seconds=self._poll_seconds, hint=self._hint, loss=self._loss
            )
        except OSError as fault:
            if self.polling or not is_limit(fault):
                self.say(f"the inbox {self._root} cannot be watched: {fault.strerror}")
                return None
            log.warning("inotify is refused (%s): the inbox is polled; raise the limits fs.inotify.*", fault.strerror)
            self.polling = True
            return self._observe()
