"""The file system's hints: watchdog's observers, made to say when they lost something or died."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import CallbackId, InotifyEvent, InotifyFD, Mask, WatchCallback, WatchDescriptor
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper
from watchdog.observers.polling import PollingObserver

from flows.discretion import trace_of

log = logging.getLogger("duban.inbox")

# What is asked of inotify.  Not `modified`: a file is looked at again when it falls due, and a writer's last act is
# `closed`; so a long copy costs two events, not thousands.  Polling knows no `closed`.
_INOTIFY_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent, FileClosedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent,
]  # fmt: skip
_POLLING_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent, FileModifiedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent,
]  # fmt: skip

# watchdog holds back everything behind a file renamed out of the inbox, to see whether it turns up again inside: half a
# second by default.  Nobody here needs the pair.
InotifyMoveEventGrouper.delay = 0.01

Hint = Callable[[str, bool], None]
Loss = Callable[[str], None]


class _Handler(FileSystemEventHandler):
    """Passes the path on and does nothing else: an exception here would end watchdog's thread without a word."""

    def __init__(self, hint: Hint, loss: Loss, *, tells_moves: bool) -> None:
        self._hint = hint
        self._loss = loss
        self._tells_moves = tells_moves

    def dispatch(self, event: FileSystemEvent) -> None:
        try:
            path = event.dest_path if isinstance(event, FileMovedEvent | DirMovedEvent) else event.src_path
            if path:
                placed = self._tells_moves and isinstance(event, FileMovedEvent) and not event.is_synthetic
                self._hint(os.fsdecode(path), placed)
        except Exception as fault:  # the border to watchdog's thread: what is lost here, the scan finds
            log.error("a hint could not be taken; the inbox is scanned instead: %s", trace_of(fault))
            self._loss("handler_fault")


class _Reader(InotifyFD):
    """Reads the kernel's queue, and says when the kernel dropped events or refused a watch."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._loss("overflow")

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        try:
            with self._lock:
                watch = self._get_or_create_watch(path, mask)
                # A folder may be met twice; watchdog would warn of it in a text that lists every watch there is.
                watch.callbacks[id_] = callback
                return watch.wd
        except OSError as fault:
            if is_limit(fault):  # watchdog goes on without a word when it is a sub-folder
                log.warning("a folder of the inbox cannot be watched: %s", fault.strerror)
                self._loss("watch_refused")
            raise


class _Inotify(BaseObserver):
    def __init__(self, loss: Loss) -> None:
        self.reader = _Reader(loss)
        self.reader.start()
        super().__init__(InotifyFullEmitter, inotify_fd=self.reader)

    def on_thread_stop(self) -> None:
        super().on_thread_stop()
        self.reader.stop()
        self.reader.join()


class Observers:
    """inotify on the local part of the inbox, polling on what is remote; one set, made anew as a whole."""

    def __init__(self, root: Path, remote: list[Path], *, poll_seconds: float, hint: Hint, loss: Loss) -> None:
        """Start watching.  Raises ``OSError`` where the kernel refuses (limits reached, root away)."""
        self.root = root
        self.remote = remote
        self.identity = identity_of(root)
        self._running: list[BaseObserver] = []
        try:
            if root not in remote:
                self._start(_Inotify(loss), _Handler(hint, loss, tells_moves=True), root, _INOTIFY_EVENTS)
            # To polling a new file in the place of a deleted one looks like a move: inode numbers are used again.
            guesses = _Handler(hint, loss, tells_moves=False)
            for part in remote:
                self._start(PollingObserver(timeout=poll_seconds), guesses, part, _POLLING_EVENTS)
        except BaseException:
            self.stop()
            raise

    def _start(
        self, observer: BaseObserver, handler: FileSystemEventHandler, path: Path, events: list[type[FileSystemEvent]]
    ) -> None:
        self._running.append(observer)
        observer.schedule(handler, str(path), recursive=True, event_filter=events)
        observer.start()

    def fault(self) -> str | None:
        """What is wrong with the watching; None when all threads live and the root is the folder that is watched."""
        if identity_of(self.root) != self.identity:
            return "the inbox was replaced by another folder"
        for observer in self._running:
            threads = [observer, *observer.emitters]
            if isinstance(observer, _Inotify):
                threads.append(observer.reader)
            if not all(thread.is_alive() for thread in threads):
                return "a watching thread died"
        return None

    def stop(self) -> None:
        """End all threads; returns when they are gone."""
        for observer in self._running:
            if observer.is_alive():
                observer.stop()
                observer.join()
            elif isinstance(observer, _Inotify):
                observer.reader.stop()
                observer.reader.join()
        self._running.clear()


def is_limit(fault: OSError) -> bool:
    """Whether the kernel has no watch, instance or descriptor left for us."""
    return fault.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def identity_of(root: Path) -> tuple[int, int] | None:
    """Device and inode of the folder behind ``root``; None while there is none."""
    try:
        found = os.stat(root)
    except OSError:
        return None
    return found.st_dev, found.st_ino
