"""Files below one folder, opened without ever following a link out of it, and placed whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import itertools
import os
import signal
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.letters.errors import Unavailable

# Own files on their way; hidden, so that nobody takes them for letters.
ASIDE = ".duban-"
_HALF = ".part"
_CHUNK = 1 << 20
_NAME_BYTES = 255
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: a fifo put where the file was must not hang us, nor a file on which a server holds a lease.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_COUNTER = itertools.count()
_RENAME_NOREPLACE = 1
_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another without reading it.  ``ctime_ns`` cannot be set by a program."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_gone(fault: OSError) -> bool:
    """Whether the fault says that the path no longer leads to a file below the root (a link does not either)."""
    return fault.errno in _GONE


@contextmanager
def world(what: str) -> Iterator[None]:
    """Faults of the operating system come out as ``Unavailable``: ``what`` could not be done now."""
    try:
        yield
    except OSError as fault:
        raise Unavailable(f"{what}: {fault.strerror or fault}", errno=fault.errno) from fault


@contextmanager
def open_folder(root: Path, parts: tuple[str, ...] = ()) -> Iterator[int]:
    """The descriptor of a folder below ``root``; ``OSError`` for a link on the way, ``Unavailable`` without a root."""
    with world(f"the folder {root} cannot be opened"):
        held = os.open(root, _FOLDER)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=held)
            os.close(held)
            held = inner
        yield held
    finally:
        os.close(held)


@contextmanager
def aside_for(folder: int, spool: Path) -> Iterator[int]:
    """Where to write what is then renamed into ``folder``: the spool, or the folder itself where that cannot be."""
    try:
        held = os.open(spool, _FOLDER)
    except PermissionError:
        yield folder  # another user's spool
        return
    try:
        yield held if os.fstat(held).st_dev == os.fstat(folder).st_dev else folder
    finally:
        os.close(held)


def make_folder(root: Path, parts: tuple[str, ...]) -> None:
    """The folder below ``root``, made where it is missing."""
    for depth, part in enumerate(parts):
        with open_folder(root, parts[:depth]) as outer:
            try:
                os.mkdir(part, dir_fd=outer)
            except FileExistsError:
                continue


@contextmanager
def open_file(folder: int, name: str) -> Iterator[int]:
    """The descriptor of a regular file in ``folder``; anything else raises ``OSError`` as a link would."""
    held = os.open(name, _READ, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(held).st_mode):
            raise OSError(errno.ELOOP, "not a regular file", name)
        yield held
    finally:
        os.close(held)


def chunks(held: int) -> Iterator[bytes]:
    """The content from the current position on."""
    while block := os.read(held, _CHUNK):
        yield block


def sha256_at(folder: int, name: str) -> str:
    """The SHA-256 (hex) of a regular file."""
    digest = hashlib.sha256()
    with open_file(folder, name) as held:
        for block in chunks(held):
            digest.update(block)
    return digest.hexdigest()


def holds(folder: int, name: str, sha256: str) -> bool:
    """Whether ``name`` is a regular file of that content."""
    try:
        return sha256_at(folder, name) == sha256
    except OSError as fault:
        if is_gone(fault):
            return False
        raise


def is_written(held: int) -> bool | None:
    """Whether some program has the open file open for writing; None where this cannot be known.

    A read lease is granted only when nobody writes.  It needs Linux, a file system with leases, and a file of ours
    (or CAP_LEASE); who opens the file for writing in the instant we hold it waits that instant.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        # The lease's break must not raise SIGIO, which ends a process; SIGURG is ignored unless somebody asks for it.
        fcntl.fcntl(held, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def fitted(name: str, *, prefix: str = "", suffix: str = "", number: int = 1) -> str:
    """``name`` with what is put around it, its stem cut so that the whole fits into a directory entry.

    ``number`` above 1 goes before the extension: ``答复 (2).pdf``.
    """
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(os.fsencode(extension)) > 16:
        stem, dot, extension = name, "", ""
    tail = (f" ({number})" if number > 1 else "") + dot + extension + suffix
    room = _NAME_BYTES - len(os.fsencode(prefix)) - len(os.fsencode(tail))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return prefix + stem + tail


def write_aside(folder: int, content: Iterator[bytes], mode: int) -> str:
    """A new hidden file in ``folder`` with the content, on the disk when this returns; its name."""
    while True:
        aside = f"{ASIDE}{os.getpid()}-{next(_COUNTER)}{_HALF}"
        try:
            held = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=folder)
            break
        except FileExistsError:
            continue  # left by a crash, or made by another machine on the same share
    try:
        for block in content:
            view = memoryview(block)
            while view:
                view = view[os.write(held, view) :]
        os.fsync(held)
    except BaseException:
        os.unlink(aside, dir_fd=folder)
        raise
    finally:
        os.close(held)
    return aside


def drop_old_asides(folder: int, names: Iterable[str], before: float) -> None:
    """Remove our own half-written files that a crash left: those last changed before that moment (seconds of the epoch)."""
    for name in names:
        if name.startswith(ASIDE) and name.endswith(_HALF) and os.stat(name, dir_fd=folder).st_mtime < before:
            os.unlink(name, dir_fd=folder)


def move_in(source: int, aside: str, folder: int, name: str) -> str:
    """Rename ``aside`` to ``name``, or ``name (2)``, … where taken, in ``folder``; on the disk when this returns.

    Returns the name.  Nothing that lies there is replaced.
    """
    for number in itertools.count(1):
        free = fitted(name, number=number)
        try:
            _rename_to_free(source, aside, folder, free)
        except FileExistsError:
            continue
        os.fsync(folder)
        return free
    raise AssertionError("unreachable: the numbers do not end")


def _rename_to_free(source: int, aside: str, folder: int, name: str) -> None:
    """Rename where ``name`` is free, else ``FileExistsError``."""
    if _renameat2 is not None:
        if _renameat2(source, os.fsencode(aside), folder, os.fsencode(name), _RENAME_NOREPLACE) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(code, os.strerror(code), name)
    # Network shares do not know that call: the name is taken by an empty file of ours, which the rename replaces.
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder))
    try:
        os.rename(aside, name, src_dir_fd=source, dst_dir_fd=folder)
    except BaseException:
        os.unlink(name, dir_fd=folder)
        raise


def replace_with(folder: int, name: str, content: bytes, mode: int) -> None:
    """``name`` in ``folder`` holds the content, whole or not at all; what stood there before is replaced."""
    os.rename(write_aside(folder, iter([content]), mode), name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)
