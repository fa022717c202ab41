"""Feeds mutated samples to every reader for a while: `python -m benchmarks.fuzz_readers [SECONDS] [SEED]`.

Prints how many were read, refused or unpacked, and every kind of other error with its last trace; exit 1 if any.
The short, repeatable version of it is tests/fuzz; `make fuzz` lets coverage lead the search (benchmarks/fuzz_guided.py).
"""

from __future__ import annotations

import io
import random
import sys
import time
import traceback
import zipfile
from collections import Counter

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.mending import mend
from flows.letters.reading import read
from flows.letters.reading.containers import is_container, unpack
from flows.letters.reading.pictures import picture_of
from tests.fuzz.test_fuzz_readers import sample
from tests.reading.sample_files import bundle

KINDS = ("html", "docx", "doc", "pdf", "ofd", "mail", "zip")
ARCHIVES = ("docx", "ofd")  # also mutated part by part, so that the ZIP around them stays whole
SLOW = 2.0


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to eight changes: odd bytes, cuts, runs repeated, now and then a tear."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, size = chance.randrange(max(1, len(out))), chance.randint(1, 60)
        match chance.randrange(5):
            case 0 | 1:
                odd = [chance.choice([0, 255, 1, 65, 128, chance.randrange(256)]) for _ in range(chance.randint(1, 4))]
                out[at : at + len(odd)] = bytes(odd)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = out[at : at + size] * chance.randint(1, 80)
            case _ if chance.random() < 0.2:
                del out[at + (len(out) - at) // 2 :]
            case _:
                pass
    return bytes(out)


def specimen(chance: random.Random) -> tuple[str, bytes]:
    kind = chance.choice(KINDS)
    if kind not in ARCHIVES or chance.random() < 0.3:
        return kind, mutated(sample(kind), chance)
    with zipfile.ZipFile(io.BytesIO(sample(kind))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = chance.choice(sorted(name for name in parts if name.endswith(".xml")))
    return kind, bundle(parts | {part: mutated(parts[part], chance)}, stored=True)


def fate(data: bytes) -> str:
    try:
        if is_container(data):
            unpack(data, "letter")
            return "unpacked"
        source = read(data, "letter")
        mend(source)
        for page in source.images[:2]:
            picture_of(data, "letter", page)
        return "read"
    except (UnknownFormat, UnreadableLetter):
        return "refused"


def main() -> int:
    seconds, seed = float((*sys.argv[1:], "60")[0]), int((*sys.argv[2:], "1")[0])
    chance, fates, faults = random.Random(seed), Counter[str](), dict[str, str]()  # noqa: S311 - repeatable, no secret
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kind, data = specimen(chance)
        began = time.process_time()
        try:
            found = fate(data)
        except Exception as fault:  # what this program looks for
            last = traceback.extract_tb(fault.__traceback__)[-1]
            found = f"{type(fault).__name__} at {last.filename}:{last.lineno}"
            faults.setdefault(f"{kind}: {found}", traceback.format_exc(limit=-6))
        if time.process_time() - began > SLOW:
            found += ", slow"
        fates[f"{kind}: {found}"] += 1
    print("\n".join(f"{count:8} {what}" for what, count in sorted(fates.items(), key=lambda pair: pair[0])))
    print("\n".join(f"\n{what}\n{trace}" for what, trace in faults.items()))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
