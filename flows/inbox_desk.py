"""The settled letters and those handed out, shared between the watcher's thread and those who take letters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from flows.adapters.inbox_folder import Seen


class Desk:
    """Each path lies here once: ready to be taken, or in flight.  Every method may be called from any thread."""

    def __init__(self) -> None:
        self._offered = threading.Condition()
        self._ready: dict[Path, Seen] = {}
        self._flying: dict[Path, Seen] = {}
        self._closed = False
        self.total_offered = 0
        self.total_taken = 0

    def take(self, limit: int, timeout: float, is_served: Callable[[], bool]) -> list[Seen]:
        """Up to ``limit`` letters, the longest ready first; waits for one while ``is_served`` and the desk is open."""
        with self._offered:
            self._offered.wait_for(lambda: self._ready or self._closed or not is_served(), timeout)
            taken = [self._ready.pop(path) for path in list(self._ready)[:limit]]
            self._flying.update((seen.path, seen) for seen in taken)
            self.total_taken += len(taken)
            return taken

    def offer(self, seen: Seen) -> None:
        """The letter is ready."""
        with self._offered:
            self._ready[seen.path] = seen
            self.total_offered += 1
            self._offered.notify()

    def withdraw(self, path: Path) -> None:
        """What was ready under this path is gone or changing again."""
        with self._offered:
            self._ready.pop(path, None)

    def land(self, path: Path) -> None:
        """The letter is no longer in flight."""
        with self._offered:
            self._flying.pop(path, None)

    def has(self, path: Path) -> bool:
        """Whether the path is ready or in flight."""
        with self._offered:
            return path in self._ready or path in self._flying

    def is_current(self, seen: Seen) -> bool:
        """Whether nothing need be done about it: ready in just this state, or in flight in any."""
        with self._offered:
            return seen.path in self._flying or self._ready.get(seen.path) == seen

    def sizes(self) -> tuple[int, int]:
        """How many are ready, and how many in flight."""
        with self._offered:
            return len(self._ready), len(self._flying)

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._offered:
            self._closed = True
            self._offered.notify_all()
