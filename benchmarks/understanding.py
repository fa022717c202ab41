"""Letters understood a second and core: text in memory to checked record, single process.

    python benchmarks/understanding.py [ROUNDS]

No letter is measured twice in one process, since what is remembered of a text must not count: each of ROUNDS (3) fresh
processes understands the letters of tests/letters/dev unmeasured, so that rules are compiled and caches hold what any
day's letters leave in them, and then every letter of tests/letters/own once.  The round in the middle is printed: CPU
seconds, letters a second, and the same per 1,500 characters, which is the unit of the goal (500 a second); for the
letters of 1,200 to 1,800 characters also by themselves.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from flows.letters.agencies import Directory
from flows.letters.model import Original, SourceText
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.understanding import understand

LETTERS = Path(__file__).parent.parent / "tests" / "letters"
UNIT, NEAR = 1500, range(1200, 1801)

Measured = list[tuple[int, float]]  # characters and CPU seconds of each letter


def letters_in(folder: Path) -> Iterator[tuple[SourceText, Original]]:
    """The folder's letters, read; not their cleaned copies, which say the same again."""
    for path in sorted(folder.glob("*.txt")):
        if not path.name.endswith(".clean.txt"):
            data = path.read_bytes()
            original = Original(path.name, hashlib.sha256(data).hexdigest(), len(data), "text/plain", "2026-01-01T00:00:00Z")
            yield read(data, path.name), original


def measured() -> Measured:
    """One round: every letter at its first sight."""
    directory, site = Directory.load(*sorted(LETTERS.glob("*/agencies*.toml"))), SiteProfile.load()
    for source, original in letters_in(LETTERS / "dev"):
        understand(source, original, directory, site)
    found = []
    for source, original in list(letters_in(LETTERS / "own")):
        begun = time.process_time()
        understand(source, original, directory, site)
        found.append((sum(len(line.text) for line in source.lines), time.process_time() - begun))
    return found


def told(what: str, found: Measured) -> str:
    """One line of figures."""
    characters, spent = sum(size for size, _ in found), sum(seconds for _, seconds in found)
    return (
        f"{what}: {len(found)} letters, {characters} characters, {spent:.3f} CPU s; "
        f"{len(found) / spent:.0f} letters/s; {characters / UNIT / spent:.0f} letters of 1,500 characters/s"
    )


def main(rounds: int) -> None:
    """Measure and print."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        done = [processes.submit(measured).result() for _ in range(rounds)]
    done.sort(key=lambda found: sum(seconds for _, seconds in found))
    middle = done[rounds // 2]
    print(told("all", middle))
    print(told("of 1,200 to 1,800 characters", [letter for letter in middle if letter[0] in NEAR]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
