"""``make demo``: starts everything, drops the sample letter, and shows what became of it.

With ``DEMO_ONCE=1`` it then stops everything; the exit code is 0 only if every part did its work.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from flows import parts, prefect_server, up, wiring
from flows.adapters.sql_ledger import SqlLedger
from flows.demo import SAMPLE
from flows.letters import disclosure
from flows.letters.model import COMMITMENT_STANCES
from flows.settings import Settings, load_settings

_READY_WITHIN, _DONE_WITHIN = 180.0, 60.0


def main() -> int:
    """Run the demonstration; returns the exit code."""
    os.environ.setdefault("DUBAN_HOME", str(Path("var") / "demo"))
    settings = load_settings()
    started = time.monotonic()
    system = subprocess.Popen([sys.executable, "-m", "flows.cli", "up"])
    try:
        ports = _wait_ready(settings, system)
        print(f"\nready after {time.monotonic() - started:.0f} s; dropping {SAMPLE.name} into {settings.inbox}\n")
        worked = _show_letter(settings, ports)
        if os.environ.get("DEMO_ONCE") == "1":
            return 0 if worked and _stop(system) else 1
        print("\nPress Ctrl-C to stop everything.", flush=True)
        return system.wait() if worked else 1
    except KeyboardInterrupt:
        return 0 if _stop(system) else 1
    finally:
        _stop(system)


def _wait_ready(settings: Settings, system: subprocess.Popen[bytes]) -> parts.Ports:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until:
        if system.poll() is not None:
            raise SystemExit(f"demo: duban up ended with exit code {system.returncode}; see {settings.logs}")
        ports = parts.known_ports(settings)
        if ports and up.is_ready(settings, ports):
            return ports
        time.sleep(0.2)
    raise SystemExit(f"demo: not ready after {_READY_WITHIN:.0f} s; see {settings.logs}")


def _show_letter(settings: Settings, ports: parts.Ports) -> bool:
    """Drop the letter, wait for its fate, and print record, keys, outbox and UI."""
    data = SAMPLE.read_bytes()
    wiring.inbox(settings).drop(data, "示例答复函.txt")
    dropped = time.monotonic()
    row = _wait_cleared(settings, hashlib.sha256(data).hexdigest())
    if row is None:
        print(f"demo: the letter was not processed within {_DONE_WITHIN:.0f} s; see {settings.logs}", file=sys.stderr)
        return False
    print(f"processed {time.monotonic() - dropped:.1f} s after the drop")
    restricted = disclosure.is_restricted(disclosure.as_level(row["disclosure"]))
    archive = wiring.archive(settings, restricted=restricted)
    _print_record(json.loads(archive.get(row["record_key"])))
    print(f"\n档案库中的对象\n  {row['original_key']}\n  {row['record_key']}")
    files = sorted(path for path in settings.outbox.rglob("*") if path.is_file())
    print("\n发件箱中的文件")
    for path in files:
        print(f"  {path}")
    print(f"\n运行界面  {prefect_server.ui_url(ports.prefect)}")
    if settings.prefect_auth:
        print(f"登录口令  见 {settings.home / 'prefect' / 'auth'}")
    return bool(files)


def _wait_cleared(settings: Settings, sha256: str) -> dict[str, Any] | None:
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    until = time.monotonic() + _DONE_WITHIN
    try:
        while time.monotonic() < until:
            row = ledger.letter_of(sha256)
            if row and not any(path.is_file() for path in settings.inbox.rglob("*")):
                return row
            time.sleep(0.1)
        return None
    finally:
        ledger.close()


def _print_record(record: dict[str, Any]) -> None:
    header = record["header"]
    print(f"\n{header['document_number']}　{header['title']}")
    print(f"{'、'.join(header['issuers'])}　{header['date']}　{header['outcome']}　{header['disclosure']}")
    kept = [s for s in record["statements"] if s["stance"] in COMMITMENT_STANCES]
    for number, statement in enumerate(kept, 1):
        owners = "、".join(o["name"] or o["mention"] or "待确认" for o in statement["owners"])
        deadline = statement["deadline"] or {}
        print(f"  {number}. {statement['text']}\n     {owners}｜{deadline.get('date') or deadline.get('text') or '未明确'}")


def _stop(system: subprocess.Popen[bytes]) -> bool:
    """Stop everything; True where it ended cleanly and nothing is left."""
    if system.poll() is None:
        system.terminate()
        try:
            system.wait(20)
        except subprocess.TimeoutExpired:
            system.kill()
            system.wait()
            return False
    return system.returncode == 0 and not [p for p in psutil.Process().children(recursive=True) if p.is_running()]


if __name__ == "__main__":
    sys.exit(main())
