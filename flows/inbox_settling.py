"""Which files have stopped changing: pure bookkeeping over what was seen and when."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

from flows.adapters.inbox_files import Stamp


@dataclass(frozen=True, slots=True)
class _Track:
    stamp: Stamp
    settled_at: float
    due: float


class Settling:
    """Files that are not settled yet, and when each is to be looked at next.

    A file is settled when two looks, at least ``settle_seconds`` apart by the caller's monotonic clock, found the same
    stamp: device, inode, size, mtime and ctime.  An mtime in the past proves nothing: copies keep their dates.  A file
    that was renamed into place is settled at the first look; whoever renames has finished writing.
    """

    def __init__(self, settle_seconds: float) -> None:
        self._settle = settle_seconds
        self._tracks: dict[Path, _Track] = {}
        self._due: list[tuple[float, Path]] = []

    def __len__(self) -> int:
        return len(self._tracks)

    def __contains__(self, path: Path) -> bool:
        return path in self._tracks

    def observe(self, path: Path, stamp: Stamp, now: float, *, placed: bool = False) -> bool:
        """Note a look at ``path``; True when it is settled, and then it is tracked no longer.

        ``placed``: the file was renamed to this path since the last look.
        """
        track = self._tracks.get(path)
        same = track is not None and track.stamp == stamp
        if placed or self._settle == 0 or (track and same and now >= track.settled_at):
            self.forget(path)
            return True
        if not same:
            self._track(path, _Track(stamp, now + self._settle, now + self._settle))
        return False

    def hold(self, path: Path, stamp: Stamp, now: float, seconds: float) -> None:
        """Unchanged, but it cannot be taken yet: settled at the next look, due in ``seconds`` or at the next hint."""
        self._track(path, _Track(stamp, now, now + seconds))

    def rest(self, path: Path, stamp: Stamp, now: float, seconds: float) -> None:
        """Unchanged, and not to be taken before ``seconds`` have passed, whatever hints come."""
        self._track(path, _Track(stamp, now + seconds, now + seconds))

    def _track(self, path: Path, track: _Track) -> None:
        self._tracks[path] = track
        heapq.heappush(self._due, (track.due, path))

    def forget(self, path: Path) -> None:
        """The file is gone, ignored or taken."""
        self._tracks.pop(path, None)

    def due(self, now: float) -> list[Path]:
        """The paths to look at now, the longest waiting first; each is given out once for each time it falls due."""
        found: list[Path] = []
        while self._due and self._due[0][0] <= now:
            moment, path = heapq.heappop(self._due)
            if self._is_current(moment, path):
                found.append(path)
        return found

    def next_due(self) -> float | None:
        """When the next path falls due; None when none will."""
        while self._due:
            moment, path = self._due[0]
            if self._is_current(moment, path):
                return moment
            heapq.heappop(self._due)
        return None

    def _is_current(self, moment: float, path: Path) -> bool:
        track = self._tracks.get(path)
        return track is not None and track.due == moment
