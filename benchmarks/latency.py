"""From a drop into an idle system to the archive, the ledger and the outbox: how long, letter by letter.

    python benchmarks/latency.py [LETTERS]

Starts the whole system in a folder of its own, drops LETTERS (20) different letters one at a time, each into the idle
system and renamed into place (so that no settle time is waited for), and prints median and p95 in seconds; then drops
ten times as many at once and prints letters a second and the CPU seconds of each part.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def main(count: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "DUBAN_HOME": home, "DUBAN_PREFECT_PORT": "4611", "DUBAN_STORE_PORT": "8611",
        }  # fmt: skip
        system = subprocess.Popen([sys.executable, "-m", "flows.cli", "up"], stdout=subprocess.DEVNULL)
        try:
            measure(count)
        finally:
            system.terminate()
            system.wait(20)


def measure(count: int) -> None:
    from flows import parts, up, wiring
    from flows.adapters.sql_ledger import SqlLedger
    from flows.settings import load_settings

    settings = load_settings()
    started = time.monotonic()
    while not ((ports := parts.known_ports(settings)) and up.is_ready(settings, ports)):
        time.sleep(0.1)
        if time.monotonic() - started > 180:
            raise SystemExit("the system did not come up")
    print(f"ready after {time.monotonic() - started:.1f} s")
    letter = (Path(__file__).parent.parent / "flows" / "demo" / "letter.txt").read_text("utf-8")
    ledger, inbox = SqlLedger(settings.database_url), wiring.inbox(settings)

    def variant(number: int) -> bytes:
        return letter.replace("〔2026〕18号", f"〔2026〕{number}号").replace("第042号", f"第{number}号").encode()

    def wait(data: bytes, limit: float) -> float:
        digest, begun = hashlib.sha256(data).hexdigest(), time.monotonic()
        while time.monotonic() - begun < limit:
            row = ledger.letter_of(digest)
            if row and not ledger.queued(row["id"]):
                return time.monotonic() - begun
            time.sleep(0.005)
        raise SystemExit("a letter was not processed in time")

    taken = []
    for number in range(count):
        data = variant(100 + number)
        inbox.drop(data, f"idle-{number}.txt")
        taken.append(wait(data, 30))
        time.sleep(0.3)
    taken.sort()
    p95 = taken[max(0, round(0.95 * len(taken)) - 1)]
    print(f"idle: {count} letters, median {statistics.median(taken):.2f} s, p95 {p95:.2f} s")
    burst = [variant(10_000 + number) for number in range(count * 10)]
    before = cpu_seconds()
    begun = time.monotonic()
    for number, data in enumerate(burst):
        inbox.drop(data, f"burst-{number}.txt")
    while any(path.is_file() for path in settings.inbox.rglob("*")):
        time.sleep(0.05)
    spent = time.monotonic() - begun
    print(f"burst: {len(burst)} letters in {spent:.1f} s, {len(burst) / spent:.0f} letters/s")
    for part, seconds in cpu_seconds().items():
        print(f"  {part}: {seconds - before.get(part, 0.0):.1f} CPU s")


def cpu_seconds() -> dict[str, float]:
    """CPU seconds so far of each part of the system started here."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get("DUBAN_INSTANCE") != os.environ["DUBAN_HOME"]:
                continue
            words, times = process.cmdline(), process.cpu_times()
        except psutil.Error:
            continue
        name = "store" if "weed" in words[0] else "server" if "uvicorn" in words else words[-1]
        found[name] = found.get(name, 0.0) + times.user + times.system
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
