"""Waits for what a watcher should do: on conditions, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

from flows.adapters.inbox_folder import Seen
from flows.watch_inbox import InboxWatch

# Long enough for a busy machine; nothing waits that long when it works.
PATIENCE = 20.0
# What a test means by "not by waiting": a settle or sweep time no test lives to see.
NEVER = 3600.0


def taken(watch: InboxWatch, count: int) -> list[Seen]:
    """``count`` files, waited for; fewer when they do not come."""
    found: list[Seen] = []
    until = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < until:
        found += watch.take(limit=count, timeout=until - time.monotonic())
    return found


def paths(seen: list[Seen]) -> list[str]:
    return sorted(one.path.as_posix() for one in seen)


def wait_for(what: Callable[[], object]) -> None:
    """Until ``what`` is so; fails when it never is."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.005)
