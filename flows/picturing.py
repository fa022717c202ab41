"""Draws the pictures of a letter's page when no letter is being worked on, so that a rush of letters waits for none."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from flows.adapters.reading_process import FileReader
from flows.letter_page import commitments_of
from flows.letters.masking import Private
from flows.letters.model import Span
from flows.letters.page_places import Box, places, private_places, quarters_of
from flows.letters.understanding import Understood

MOST_BYTES = 96 * 1024  # of a page's pictures together: Prefect keeps a page in one field and sends it with every list
WAITING = 200
_log = logging.getLogger(__name__)


class Easel:
    """One thread that does the jobs put on it, each when nobody is at work any more or after ``patience`` seconds.

    What waits is lost with the process: pictures are a view of what the archive holds, and can be made again.
    """

    def __init__(self, waiting: int = WAITING, patience: float = 60.0, calm: float = 0.2) -> None:
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(waiting)
        self._patience, self._calm = patience, calm
        self._quiet = threading.Condition()
        self._working = 0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While a letter is worked on."""
        with self._quiet:
            self._working += 1
        try:
            yield
        finally:
            with self._quiet:
                self._working -= 1
                self._quiet.notify_all()

    def is_full(self) -> bool:
        """Whether as many jobs wait as may."""
        return self._jobs.full()

    def put(self, job: Callable[[], None]) -> bool:
        """Whether the job is taken; where too many wait it is not."""
        with self._quiet:
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="easel", daemon=True)
                self._thread.start()
        return True

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            self._wait_for_calm()
            try:
                job()
            except Exception:  # the border of one job: a picture that fails must not stop the others
                _log.exception("a letter's page stays without its pictures")

    def _wait_for_calm(self) -> None:
        """Until nobody has been at work for a moment, letters that follow each other being one rush."""
        until = time.monotonic() + self._patience
        with self._quiet:
            while time.monotonic() < until:
                if self._working:
                    self._quiet.wait(until - time.monotonic())
                elif not self._quiet.wait(self._calm) and not self._working:
                    return


EASEL = Easel()


def has_pages(understood: Understood) -> bool:
    """Whether the original has pages that a statement can be shown on."""
    return any(line.box is not None for line in understood.text.source.lines)


def pictures_of(
    understood: Understood, data: bytes, read: FileReader, most: int = MOST_BYTES
) -> tuple[dict[str, list[tuple[int, bytes]]], int]:
    """By commitment (page, PNG) of each page it stands on; and how many commitments got none.

    Lines with anything private are black.  Together at most ``most`` bytes, the first commitments first.  Raises
    ``UnreadableLetter`` where a page cannot be drawn.
    """
    by_page = _by_page(understood)
    covers = private_places(understood.text, Private.of(understood.record))
    name = understood.record["original"]["name"]
    made: dict[str, list[tuple[int, bytes]]] = {}
    full, left_out = False, set[str]()
    for page, wanted in sorted(by_page.items()):
        turns = quarters_of(understood.text.source, page)
        drawn = [] if full else read.strips(data, name, page, list(wanted.values()), covers.get(page, ()), turns)
        for statement, png in zip(wanted, drawn or [b""] * len(wanted), strict=True):
            most -= len(png)
            full = full or most < 0
            if full:
                left_out.add(statement)
            else:
                made.setdefault(statement, []).append((page, png))
    return {key: strips for key, strips in made.items() if key not in left_out}, len(left_out)


def _by_page(understood: Understood) -> Mapping[int, dict[str, Sequence[Box]]]:
    found: dict[int, dict[str, list[Box]]] = {}
    for statement in commitments_of(understood.record):
        for page, box in places(understood.text, Span(*statement["span"])):
            found.setdefault(page, {}).setdefault(statement["id"], []).append(box)
    return found  # type: ignore[return-value]
