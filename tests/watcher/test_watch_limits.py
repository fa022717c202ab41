"""The watcher where the kernel, watchdog or the disk fails it: overflows, dead threads, refused watches, kills, mounts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import InotifyFD

from flows.adapters.inbox_files import Stamp
from flows.adapters.inbox_folder import Seen
from flows.inbox_mail import Mail
from flows.inbox_observers import Observers
from flows.watch_inbox import InboxWatch
from tests.watcher.waiting import PATIENCE, paths, taken, wait_for

Watching = Callable[..., InboxWatch]


def write(path: Path, data: bytes = "答复".encode()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


class Child:
    """A watcher in a process of its own; ``lines`` are what it told."""

    def __init__(self, *arguments: str | Path, before: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.watcher.watching_child", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def wait_ready(self) -> None:
        wait_for(lambda: self.lines)

    def taken(self) -> list[str]:
        return [path for line in list(self.lines) for path in line.get("taken", [])]

    def health(self) -> dict[str, Any]:
        assert self.process.stdin
        before = len(self.lines)
        self.process.stdin.write("health\n")
        self.process.stdin.flush()
        found: list[dict[str, Any]] = []

        def answered() -> bool:
            found[:] = [line["health"] for line in self.lines[before:] if "health" in line]
            return bool(found)

        wait_for(answered)
        return found[0]

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    started: list[Child] = []

    def start(*arguments: str | Path, before: tuple[str, ...] = ()) -> Child:
        started.append(Child(*arguments, before=before))
        return started[-1]

    yield start
    for one in started:
        one.end()


def in_a_namespace(*commands: str) -> tuple[str, ...]:
    """The start of a command line: our own user and mount namespace, the commands run in it, then what follows.

    Skips where the machine does not let us have one.
    """
    unshare = ("unshare", "--user", "--map-root-user", "--mount")
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces are not allowed here")
    return (*unshare, "sh", "-ec", "; ".join([*commands, 'exec "$0" "$@"']))


# -- the kernel's queue, and ours ---------------------------------------------------------------------------------------


def test_an_overflow_of_the_kernels_queue_loses_nothing(home: Path, inbox: Path, child: Callable[..., Child]) -> None:
    """Row 1: the reader stands still while more files come than the queue holds events."""
    watcher = child(home)
    watcher.wait_ready()
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    count = queue // 2 + 1000  # each file is created and closed
    watcher.process.send_signal(signal.SIGSTOP)
    for number in range(count):
        (inbox / f"{number}.txt").touch()
    watcher.process.send_signal(signal.SIGCONT)
    wait_for(lambda: len(watcher.taken()) >= count)
    assert len(set(watcher.taken())) == count == len(watcher.taken())
    assert watcher.health()["lost"]["overflow"] >= 1
    wait_for(lambda: not any(inbox.iterdir()))


def test_hints_are_bounded_and_each_path_waits_once() -> None:
    """Row 8: nobody takes the mail, and it does not grow."""
    mail = Mail(most_hints=3)
    for number in range(1000):
        mail.hint(f"{number % 5}.txt", placed=number == 7)
    hints, reason = mail.collect()
    assert hints == {"0.txt": False, "1.txt": False, "2.txt": True}
    assert (reason, mail.losses()) == ("too_many_hints", {"too_many_hints": 400})
    assert mail.collect() == ({}, None)


def test_letters_come_back_one_by_one() -> None:
    mail = Mail()
    seen = [Seen(Path(name), Stamp(1, 2, 3, 4, 5)) for name in ("a.txt", "b.txt")]
    mail.give_back(seen, 1.5)
    assert [mail.next_returned() for _ in range(3)] == [(seen[0], 1.5), (seen[1], 1.5), None]


# -- watchdog's threads -------------------------------------------------------------------------------------------------


def test_a_fault_in_the_handler_does_not_end_the_observer(inbox: Path) -> None:
    """Row 5: in watchdog an exception there ends the thread without a word."""
    hints: list[str] = []
    losses: list[str] = []

    def hint(path: str, _placed: bool) -> None:
        if path.endswith("bad.txt"):
            raise ValueError(path)
        hints.append(path)

    observers = Observers(inbox, [], poll_seconds=1.0, hint=hint, loss=losses.append)
    try:
        write(inbox / "bad.txt")
        write(inbox / "good.txt")
        wait_for(lambda: str(inbox / "good.txt") in hints)
        assert (losses[0], observers.fault()) == ("handler_fault", None)
    finally:
        observers.stop()


@pytest.mark.parametrize("kind", [InotifyFullEmitter, InotifyFD])
def test_a_dead_thread_of_watchdog_is_replaced(watching: Watching, inbox: Path, kind: type[threading.Thread]) -> None:
    """Row 6: `observer.is_alive()` stays true when the thread that reads events is dead."""
    before = set(threading.enumerate())
    watch = watching()
    found = [thread for thread in threading.enumerate() if isinstance(thread, kind) and thread not in before]
    assert len(found) == 1
    found[0].stop()  # type: ignore[attr-defined]
    write(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]
    wait_for(lambda: watch.health().restarts == 1)
    write(inbox / "b.txt")
    assert paths(taken(watch, 1)) == ["b.txt"]
    assert watch.health().rescan_finds == 0


def test_closing_leaves_no_thread_and_no_descriptor_behind(watching: Watching, inbox: Path) -> None:
    watching().close()  # what is made once per process is made now
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        watch = watching()
        write(inbox / "a.txt", str(time.monotonic_ns()).encode())
        assert len(taken(watch, 1)) == 1
        watch.close()
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, descriptors)


# -- what the kernel refuses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["max_inotify_instances=0", "max_inotify_watches=2"])
def test_refused_watches_turn_to_polling(home: Path, inbox: Path, child: Callable[..., Child], limit: str) -> None:
    """Row 23: at the root watchdog raises; below it, it goes on without a word and is blind there."""
    for number in range(5):
        (inbox / str(number)).mkdir()
    name, value = limit.split("=")
    watcher = child(home, before=in_a_namespace(f"echo {value} > /proc/sys/user/{name}"))
    watcher.wait_ready()
    wait_for(lambda: watcher.health()["polling"])
    for number in range(5):
        write(inbox / str(number) / "a.txt")
    wait_for(lambda: len(watcher.taken()) >= 5)
    assert sorted(watcher.taken()) == [f"{number}/a.txt" for number in range(5)]
    assert watcher.health()["trouble"] is None


def test_a_file_system_mounted_over_the_inbox_is_noticed(home: Path, inbox: Path, child: Callable[..., Child]) -> None:
    """Row 6: the path is the same, the folder behind it is not."""
    when_told = f"while [ ! -e {home}/mount ]; do sleep 0.02; done"
    mounting = f"{{ ({when_told}; mount -t tmpfs none {inbox}; echo 1 > {inbox}/a.txt) & }}"
    watcher = child(home, before=in_a_namespace(mounting))
    watcher.wait_ready()
    write(home / "mount")
    wait_for(lambda: watcher.taken() == ["a.txt"])
    health = watcher.health()
    assert (health["restarts"], health["trouble"]) == (1, None)


# -- a crash --------------------------------------------------------------------------------------------------------------


def test_letters_in_flight_when_the_process_is_killed_are_taken_again(
    home: Path, inbox: Path, child: Callable[..., Child]
) -> None:
    """Row 13: nothing but the inbox remembers them, and it is enough."""
    names = [f"{number}.txt" for number in range(20)]
    for name in names:
        write(inbox / name, name.encode())
    first = child(home, "--leave")
    wait_for(lambda: len(first.taken()) >= len(names))
    first.end()
    second = child(home)
    wait_for(lambda: len(second.taken()) >= len(names))
    assert sorted(second.taken()) == sorted(names)
    wait_for(lambda: not any(inbox.iterdir()))


WITHOUT_RIGHT = """
import os, sys
from tests.watcher import watching_child
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
watching_child.main()
"""


def test_a_file_we_may_not_read_holds_up_nobody(home: Path, inbox: Path, tmp_path: Path) -> None:
    """Row 24: it stays, is said once, and is taken when the right is granted."""
    for path in (home, *home.parents[:2]):
        path.chmod(0o755)
    for path in (home, inbox):
        path.chmod(0o777)
    write(inbox / "locked.txt").chmod(0)
    write(inbox / "open.txt").chmod(0o666)
    command = [sys.executable, "-c", WITHOUT_RIGHT, home, "--sweep", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        told = []
        for line in process.stdout:
            told += json.loads(line).get("taken", [])
            if told == ["open.txt"]:
                (inbox / "locked.txt").chmod(0o666)
            if len(told) == 2:
                break
        process.kill()
        said = process.stderr.read()
    assert (told, said.count("it cannot be read"), "locked.txt" in said) == (["open.txt", "locked.txt"], 1, False)
