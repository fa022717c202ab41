"""Letters understood a second and core: text in memory to checked record, single process.

    python benchmarks/understanding.py [ROUNDS]

Reads every letter of tests/letters/dev, understands them ROUNDS (3) times, and prints CPU seconds, letters a second,
and the same per 1,500 characters, which is the unit of the goal (500 a second).
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

from flows.letters.agencies import Directory
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.understanding import understand

LETTERS = Path(__file__).parent.parent / "tests" / "letters" / "dev"


def main(rounds: int) -> None:
    """Measure and print."""
    directory, site = Directory.load(LETTERS / "agencies.toml"), SiteProfile.load()
    sources = []
    for path in sorted(LETTERS.glob("*.txt")):
        if not path.name.endswith(".clean.txt"):
            data = path.read_bytes()
            original = Original(path.name, hashlib.sha256(data).hexdigest(), len(data), "text/plain", "2026-01-01T00:00:00Z")
            sources.append((read(data, path.name), original))
    characters = sum(len(line.text) for source, _ in sources for line in source.lines)
    for source, original in sources:  # rules load and caches fill once
        understand(source, original, directory, site)
    begun = time.process_time()
    for _ in range(rounds):
        for source, original in sources:
            understand(source, original, directory, site)
    spent = time.process_time() - begun
    count = rounds * len(sources)
    print(f"{count} letters, {rounds * characters} characters, {spent:.2f} CPU s")
    print(f"{count / spent:.0f} letters/s; {rounds * characters / 1500 / spent:.0f} letters of 1,500 characters/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
