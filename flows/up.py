"""Starts the whole system on this machine, keeps it up, and stops all of it on Ctrl-C or SIGTERM."""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from flows import delivery_wiring, parts, prefect_server, wiring
from flows.adapters.port_leases import PortLeases
from flows.letters.agencies import Directory
from flows.letters.errors import SettingsError, Unavailable
from flows.settings import Settings

log = logging.getLogger("duban.up")

# The worker stops first; store and server together after it.  Sum and slack stay under the promised 10 s.
_WORKER_STOP, _PART_STOP, _LEFTOVER_STOP = 3, 5, 5.0
_READY_WITHIN = 180.0
# The supervisor lets a part that refused try once more: a store in its first seconds refuses what it grants later.
_REFUSALS_TO_BELIEVE = 2


def prepare(settings: Settings) -> None:
    """Make the folders and check rules, directory and site before anything starts; every fault is listed."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (settings.inbox, settings.outbox, settings.returns, settings.quarantine, settings.run, settings.logs):
        folder.mkdir(parents=True, exist_ok=True)
    wiring.inbox(settings)
    delivery_wiring.prove(settings, Directory.load(settings.agencies), wiring.site(settings))


def banner(settings: Settings, running: bool = False) -> str:
    """Where everything is, for the person at the terminal."""
    ports = parts.known_ports(settings)
    rows = {
        "inbox   收件箱": settings.inbox,
        "outbox  发件箱": settings.outbox,
        "hold    隔离区": settings.quarantine,
        "ledger  台账": settings.ledger_url or settings.home / "ledger" / "ledger.db",
        "store   档案库": settings.store_url or (f"http://127.0.0.1:{ports.store}" if ports else "-"),
        "UI      运行界面": prefect_server.ui_url(ports.prefect, settings) if ports else "-",
        "logs    日志": settings.logs,
    }
    if settings.prefect_auth:
        rows["sign-in 登录口令"] = f"in {settings.home / 'prefect' / 'auth'}"
    head = "duban is already running" if running else "duban is ready"
    return "\n".join([head, *(f"  {name}: {place}" for name, place in rows.items())])


@contextmanager
def only_one(settings: Settings) -> Iterator[bool]:
    """Hold the lock of this state directory; yields False where another ``duban up`` holds it."""
    settings.run.mkdir(parents=True, exist_ok=True)
    with (settings.run / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def up(settings: Settings, ready: Callable[[parts.Ports], None]) -> int:
    """Run until told to stop; ``ready`` is called once everything answers.  Returns the exit code.

    Raises ``SettingsError`` with the reasons of a part that refuses to begin, such as a store that proves too little.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop_leftovers(settings.home)
    with PortLeases() as leases:  # held for as long as the parts run: they may be started again at any time
        return _keep_up(settings, parts.choose_ports(settings, leases), stop, ready)


def _keep_up(settings: Settings, ports: parts.Ports, stop: threading.Event, ready: Callable[[parts.Ports], None]) -> int:
    _ready_mark(settings).unlink(missing_ok=True)
    parts.forget_refusals(settings)
    supervisor = _start_supervisor(settings)
    announced = False
    started = time.monotonic()
    try:
        while not stop.wait(0.2):
            if supervisor.poll() is not None:
                log.error("the supervisor died (exit %s); starting it again", supervisor.returncode)
                stop_leftovers(settings.home)
                supervisor = _start_supervisor(settings)
            if not announced and len(refused := parts.refusals(settings)) >= _REFUSALS_TO_BELIEVE:
                raise SettingsError(refused[-1])
            if not announced and is_ready(settings, ports):
                announced = True
                ready(ports)
            elif not announced and time.monotonic() - started > _READY_WITHIN:
                raise Unavailable(
                    f"not ready after {_READY_WITHIN:.0f} s; see the logs in {settings.logs}", logs=str(settings.logs)
                )
    finally:
        _stop(supervisor)
        _ready_mark(settings).unlink(missing_ok=True)
    return 0


def is_ready(settings: Settings, ports: parts.Ports) -> bool:
    """Whether the worker has registered its deployments and watches the inbox, and the server answers."""
    mark = _ready_mark(settings)
    if not mark.exists():
        return False
    text = mark.read_text(encoding="ascii").strip()
    return text.isdigit() and psutil.pid_exists(int(text)) and prefect_server.is_healthy(settings, ports.prefect)


def _ready_mark(settings: Settings) -> Path:
    return settings.run / "worker.ready"


def mark_ready(settings: Settings) -> None:
    """Called by the worker once letters can be dropped."""
    _ready_mark(settings).write_text(str(os.getpid()), encoding="ascii")


def _start_supervisor(settings: Settings) -> subprocess.Popen[bytes]:
    settings.logs.mkdir(parents=True, exist_ok=True)
    config = settings.run / "supervisord.conf"
    config.write_text(_configuration(settings), encoding="utf-8")
    # A session of its own: Ctrl-C in the terminal reaches this process only, which then stops the parts in order.
    return subprocess.Popen(
        [sys.executable, "-m", "flows.child", "supervisor"],
        env=parts.child_environment(settings.home),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )


def _configuration(settings: Settings) -> str:
    def quoted(path: Path | str) -> str:
        return str(path).replace("%", "%%")

    sections = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={quoted(settings.logs / 'supervisor.log')}",
        f"pidfile={quoted(settings.run / 'supervisord.pid')}",
        f"childlogdir={quoted(settings.logs)}",
    ]
    started = parts.wanted(settings)
    for part in started:
        sections += [
            f"[program:{part}]",
            f"command={quoted(shlex.quote(sys.executable))} -m flows.child {part}",
            f"stdout_logfile={quoted(settings.logs / f'{part}.log')}",
            "redirect_stderr=true",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=3",
            "autorestart=true",
            "startsecs=2",
            "startretries=1000000",
            "stopasgroup=true",
            "killasgroup=true",
            f"stopwaitsecs={_WORKER_STOP if part == 'worker' else _PART_STOP}",
        ]
    # Groups stop one after the other, highest priority number first; the parts of a group stop together.
    others = ",".join(part for part in started if part != "worker")
    sections += ["[group:parts]", f"programs={others}", "priority=1", "[group:work]", "programs=worker", "priority=2"]
    return "\n".join(sections) + "\n"


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.terminate()
    try:
        supervisor.wait(_WORKER_STOP + _PART_STOP + 1)
    except subprocess.TimeoutExpired:
        log.error("the parts did not stop in time and were killed")
        supervisor.kill()
        supervisor.wait()


def stop_leftovers(home: Path) -> None:
    """End what a killed system left running on this state directory: it would hold its data and ports."""
    found = [process for process in psutil.process_iter() if process.pid != os.getpid() and _is_ours(process, home)]
    for process in found:
        log.warning("ending process %s, left by an earlier start", process.pid)
        _quietly(process.terminate)
    _, alive = psutil.wait_procs(found, timeout=_LEFTOVER_STOP)
    for process in alive:
        _quietly(process.kill)
    psutil.wait_procs(alive, timeout=_LEFTOVER_STOP)


def _is_ours(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get("DUBAN_INSTANCE") == str(home)
    except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False  # another user's process, or one that has just ended


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return  # it ended by itself
