"""What other threads leave for the watcher's thread: hints, letters returned, and that something was lost."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from flows.adapters.inbox_folder import Seen

MOST_HINTS = 50_000


class Mail:
    """Bounded, each path once.  Nothing here raises or waits for long: watchdog's threads end at an exception."""

    def __init__(self, most_hints: int = MOST_HINTS) -> None:
        self._changed = threading.Condition()
        self._most_hints = most_hints
        self._hints: dict[str, bool] = {}
        self._returned: deque[tuple[Seen, float | None]] = deque()
        self._scan: str | None = None
        self._losses: dict[str, int] = {}
        self._stopping = False

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def hint(self, path: str, placed: bool) -> None:
        """Something happened at the path; ``placed``: a file was renamed to it.  Beyond the bound a scan is asked for."""
        with self._changed:
            if len(self._hints) >= self._most_hints and path not in self._hints:
                self._lose("too_many_hints")
            else:
                self._hints[path] = self._hints.get(path, False) or placed
            self._changed.notify()

    def lost(self, reason: str) -> None:
        """Hints may have been lost: a scan is asked for."""
        with self._changed:
            self._lose(reason)
            self._changed.notify()

    def _lose(self, reason: str) -> None:
        self._losses[reason] = self._losses.get(reason, 0) + 1
        self._scan = reason

    def ask_scan(self, reason: str) -> None:
        """A scan for another reason than a loss."""
        with self._changed:
            self._scan = self._scan or reason
            self._changed.notify()

    def give_back(self, seen: Iterable[Seen], retry_after: float | None) -> None:
        """Letters no longer in flight."""
        with self._changed:
            self._returned.extend((one, retry_after) for one in seen)
            self._changed.notify()

    def stop(self) -> None:
        """The thread is to end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def collect(self) -> tuple[dict[str, bool], str | None]:
        """The hints (path, placed) and the reason for a scan, taken out."""
        with self._changed:
            hints, self._hints = self._hints, {}
            reason, self._scan = self._scan, None
            return hints, reason

    def next_returned(self) -> tuple[Seen, float | None] | None:
        """One letter returned and its wish, taken out; one by one, so that a fault at one keeps no other in flight."""
        with self._changed:
            return self._returned.popleft() if self._returned else None

    def wait(self, seconds: float) -> None:
        """Until there is mail, or the seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._hints or self._returned or self._scan or self._stopping, max(0.0, seconds))

    def wait_stop(self, seconds: float) -> None:
        """Until the thread is to end, or the seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)

    def losses(self) -> dict[str, int]:
        """How often hints may have been lost, by reason."""
        with self._changed:
            return dict(self._losses)
