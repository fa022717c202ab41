"""Bounded pools of warm reader processes: one job at a time each, killed when late, replaced when dead."""

from __future__ import annotations

import contextlib
import json
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from flows.letters.errors import LetterError, Unavailable, UnknownFormat, UnreadableLetter

_HEAD = struct.Struct(">IQ")
MAX_ANSWER = 256 * 2**20
START_SECONDS = 120.0
_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)  # no file does that to its reader
_KINDS: dict[str, type[LetterError]] = {"UnknownFormat": UnknownFormat, "UnreadableLetter": UnreadableLetter}


def write_frame(stream: IO[bytes], fields: dict[str, Any], blob: bytes = b"") -> None:
    """One message: a JSON object and a run of bytes."""
    head = json.dumps(fields).encode()
    stream.write(_HEAD.pack(len(head), len(blob)) + head)
    stream.write(blob)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message, None at the end of the stream; ``ValueError`` where it is none."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size, blob_size = _HEAD.unpack(head)
    if size + blob_size > MAX_ANSWER:
        raise ValueError(f"a frame of {size + blob_size} bytes")
    body = stream.read(size)
    blob = stream.read(blob_size)
    if len(body) < size or len(blob) < blob_size:
        return None
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("a frame without an object")
    return fields, blob


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one job may use: address space in bytes, seconds of CPU, seconds on the clock."""

    memory: int
    cpu_seconds: int
    wall_seconds: float


class Worker:
    """One reader process.  ``holds`` is the hash of the file it was given last.

    ``Unavailable`` where it cannot be started: that is the machine's fault, not the letter's.
    """

    def __init__(self, bounds: Bounds, role: str) -> None:
        self._bounds = bounds
        self.holds = ""
        self.jobs = 0
        command = [sys.executable, "-m", "flows.adapters.reading_worker", role]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell, no argument from outside
                [*command, str(bounds.memory), str(bounds.cpu_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us: the letter in hand is finished
            )
        except OSError as fault:
            raise Unavailable(f"no reader process can be started ({fault}); trying again") from fault
        if self._exchange(None, b"", START_SECONDS)[0] is None:
            self.close()
            raise Unavailable(f"the reader process does not start; see what `{' '.join(command)}` says")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, fields: dict[str, Any], blob: bytes, name: str) -> tuple[dict[str, Any], bytes]:
        """The worker's answer with its bytes; a ``LetterError`` where it refuses the file, dies over it or takes too long."""
        answer, late = self._exchange(fields, blob, self._bounds.wall_seconds)
        self.jobs += 1
        if answer is None:
            raise self._died(name, late)
        error = answer[0].get("error")
        if error is not None:
            raise _KINDS.get(error, UnreadableLetter)(answer[0]["message"], **answer[0].get("facts", {}))
        return answer

    def _exchange(
        self, fields: dict[str, Any] | None, blob: bytes, seconds: float
    ) -> tuple[tuple[dict[str, Any], bytes] | None, bool]:
        """(the next answer, None where none came; whether time ran out); ``fields`` None only listens."""
        late = threading.Event()
        timer = threading.Timer(seconds, self._expire, [late])
        timer.daemon = True
        timer.start()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101 - both were asked for above
        try:
            if fields is not None:
                write_frame(stdin, fields, blob)
            return read_frame(stdout), late.is_set()
        except (OSError, ValueError):
            return None, late.is_set()
        finally:
            timer.cancel()

    def _expire(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _died(self, name: str, late: bool) -> LetterError | Unavailable:
        try:
            code = self._process.wait(timeout=5)  # it has closed its stdout; how it ended says why
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if late:
            seconds = self._bounds.wall_seconds
            return UnreadableLetter(f"{name}: not read within {seconds:g} s; send the letter alone", found="timeout")
        if -code in _FROM_OUTSIDE:
            return Unavailable(f"{name}: the reader process was ended from outside (signal {-code}); trying again")
        if code == -signal.SIGXCPU:
            seconds = self._bounds.cpu_seconds
            return UnreadableLetter(f"{name}: took over {seconds} s of CPU; send the letter alone", found="cpu limit")
        megabytes = self._bounds.memory // 2**20
        return UnreadableLetter(
            f"{name}: the reader's process ended over it (code {code}: damaged, or needs over {megabytes} MiB);"
            " ask the sender for another copy",
            found="crash",
            exit_code=code,
        )

    def close(self) -> None:
        """End the process; it waits for nothing."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # the other end may be gone already
                    stream.close()
        self._process.kill()
        self._process.wait()


class Pool:
    """At most ``size`` workers, started when first needed, each replaced after ``MAX_JOBS`` jobs."""

    MAX_JOBS = 200

    def __init__(self, size: int, bounds: Bounds, role: str) -> None:
        self.size = size
        self._start: Callable[[], Worker] = lambda: Worker(bounds, role)
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []

    @contextlib.contextmanager
    def worker(self, wanted: str = "") -> Iterator[Worker]:
        """A live worker for one job, if possible the one that holds the file ``wanted``."""
        with self._free:
            with self._lock:
                self._idle.sort(key=lambda one: one.holds == wanted)
                worker = self._idle.pop() if self._idle else None
            if worker is None or not worker.alive:
                worker = self._start()
            try:
                yield worker
            finally:
                if worker.alive and worker.jobs < self.MAX_JOBS:
                    with self._lock:
                        self._idle.append(worker)
                else:
                    worker.close()

    def close(self) -> None:
        """End the idle workers; a later job starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()
