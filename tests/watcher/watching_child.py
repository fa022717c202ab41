"""A watcher in a process of its own, to be stopped, starved or killed: prints a JSON line for each moment of its life.

    python -m tests.watcher.watching_child HOME [--settle S] [--sweep S] [--leave]

Reads commands from its standard input: ``health`` prints the watcher's health.  Letters are claimed and cleared; with
``--leave`` they stay in flight.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from flows.adapters.inbox_folder import InboxFolder
from flows.watch_inbox import InboxWatch


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--settle", type=float, default=0.05)
    parser.add_argument("--sweep", type=float, default=3600.0)
    parser.add_argument("--leave", action="store_true")
    given = parser.parse_args()
    folder = InboxFolder(given.home / "inbox", given.home / "quarantine", given.home / "spool")
    with InboxWatch(folder, settle_seconds=given.settle, sweep_seconds=given.sweep, poll_seconds=0.05) as watch:
        threading.Thread(target=answer, args=(watch,), daemon=True).start()
        tell(ready=True)
        while True:
            seen = watch.take(limit=1000, timeout=0.5)
            for one in seen:
                claimed = None if given.leave else folder.claim(one.path)
                if claimed:
                    folder.clear(claimed)
            if seen:
                tell(taken=[one.path.as_posix() for one in seen])
            if not given.leave:
                watch.release(seen)


def answer(watch: InboxWatch) -> None:
    for line in sys.stdin:
        if line.strip() == "health":
            tell(health=asdict(watch.health()))


if __name__ == "__main__":
    main()
