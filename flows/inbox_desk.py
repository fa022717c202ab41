"""The settled letters and those handed out, shared between the watcher's thread and those who take letters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path

from flows.adapters.inbox_folder import Seen


class Desk:
    """Each path lies here once: ready to be taken, or in flight.  Every method may be called from any thread.

    Light and heavy letters lie apart: who waits for one kind need not leaf through thousands of the other.
    """

    def __init__(self) -> None:
        self._offered = threading.Condition()
        self._ready: dict[bool, dict[Path, Seen]] = {False: {}, True: {}}
        self._flying: dict[Path, Seen] = {}
        self._closed = False
        self.total_offered = 0
        self.total_taken = 0

    def take(self, limit: int, timeout: float, is_served: Callable[[], bool], heavy: bool | None = None) -> list[Seen]:
        """Up to ``limit`` letters, the longest ready of each kind first; waits for one while the desk is served and open.

        ``heavy``: only letters that are (or are not) slow to read; None for any.
        """
        kinds = [self._ready[kind] for kind in ((False, True) if heavy is None else (heavy,))]
        with self._offered:
            self._offered.wait_for(lambda: any(kinds) or self._closed or not is_served(), timeout)
            chosen = list(islice(chain.from_iterable(kinds), limit))
            taken = [found for path in chosen for kind in kinds if (found := kind.pop(path, None))]
            self._flying.update((seen.path, seen) for seen in taken)
            self.total_taken += len(taken)
            return taken

    def offer(self, seen: Seen) -> None:
        """The letter is ready."""
        with self._offered:
            self._ready[seen.heavy][seen.path] = seen
            self.total_offered += 1
            self._offered.notify_all()

    def withdraw(self, path: Path) -> None:
        """What was ready under this path is gone or changing again."""
        with self._offered:
            for kind in self._ready.values():
                kind.pop(path, None)

    def land(self, path: Path) -> None:
        """The letter is no longer in flight."""
        with self._offered:
            self._flying.pop(path, None)

    def has(self, path: Path) -> bool:
        """Whether the path is ready or in flight."""
        with self._offered:
            return path in self._flying or any(path in kind for kind in self._ready.values())

    def is_current(self, seen: Seen) -> bool:
        """Whether nothing need be done about it: ready in just this state, or in flight in any."""
        with self._offered:
            return seen.path in self._flying or self._ready[seen.heavy].get(seen.path) == seen

    def sizes(self) -> tuple[int, int]:
        """How many are ready, and how many in flight."""
        with self._offered:
            return sum(map(len, self._ready.values())), len(self._flying)

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._offered:
            self._closed = True
            self._offered.notify_all()
