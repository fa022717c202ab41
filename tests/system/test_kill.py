"""What is killed in the middle of its work is taken up again: nothing lost, nothing twice."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter

import psutil
import pytest

from tests.system.running import System, letter, wait_for

pytestmark = pytest.mark.timeout(400)


def settled(system: System, texts: list[str]) -> None:
    """Every letter has one record, one set of notices, all delivered; the inbox is empty."""
    system.wait_empty_inbox(120)
    ledger = system.ledger()
    rows = [ledger.letter_of(hashlib.sha256(text.encode()).hexdigest()) for text in texts]
    assert None not in rows, system.logs_tail()
    letters = {row["id"] for row in rows if row}
    assert len(letters) == len(texts)
    wait_for(lambda: not any(ledger.queued(one) for one in letters), 30, "every notice delivered")
    ids = [path.name for path in (system.home / "outbox").rglob("*.json")]
    assert max(Counter(ids).values()) == 1
    per_letter = Counter(row["letter_id"] for row in ledger.rows() if row["letter_id"] in letters)
    assert len(set(per_letter.values())) == 1, per_letter


@pytest.mark.parametrize("part", ["store", "server", "worker", "supervisor"])
def test_a_killed_child_comes_back_and_ten_letters_are_whole(system: System, part: str) -> None:
    start = 2000 + 20 * ["store", "server", "worker", "supervisor"].index(part)
    texts = [letter(start + number) for number in range(10)]
    for number, text in enumerate(texts):
        system.drop(f"kill-{part}-{number}.txt", text)
    victim = wait_for(lambda: system.children().get(part), 30, f"a running {part}")
    victim.kill()
    settled(system, texts)
    wait_for(lambda: set(system.children()) == {"store", "server", "worker", "supervisor"}, 60, "all parts up again")


def test_everything_killed_at_once(system: System) -> None:
    texts = [letter(2200 + number) for number in range(10)]
    for number, text in enumerate(texts):
        system.drop(f"all-{number}.txt", text)
    assert system.process is not None
    victims = [*system.children().values(), psutil.Process(system.process.pid)]
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)
    system.process.wait()
    system.start()
    settled(system, texts)


def test_it_stops_within_ten_seconds_and_starts_again(system: System) -> None:
    assert system.stop() < 10
    wait_for(lambda: not system.children(), 2, "no process left")
    system.start()
