"""Feeds every reader what coverage leads to: `make fuzz`, or `python -m benchmarks.fuzz_guided [SECONDS] [KIND…]`.

Needs atheris, which lives in an environment of its own.  Each kind of file runs in a process of its own for SECONDS
(60); seeds are the tests' samples and what earlier runs kept under `var/fuzz/corpus`.  What a reader throws beside its
refusals is kept once for each place under `var/fuzz/found`, with its trace; so is what ends the process, takes over
10 s, or over 2 GB.  Exit 1 if anything was found.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import re
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

KINDS = ("txt", "html", "docx", "doc", "xml", "pdf", "ofd", "mail", "zip", "image")
HOME = Path(os.environ.get("DUBAN_HOME", "var")) / "fuzz"
SLOW, MEGABYTES = 10, 2048
_GRACE = 120  # seconds a run may take beyond its time before it counts as hung
_PARTS = ("docx", "ofd")  # mutated part by part too, so that the ZIP around them stays whole


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        run(arguments[1], int(arguments[2]))
    seconds = int(arguments[0]) if arguments else 60
    wanted = arguments[1:] or list(KINDS)
    return max(_told(kind, seconds) for kind in wanted)


def _told(kind: str, seconds: int) -> int:
    """Run one kind in a process of its own and say what came of it; 1 where something was found."""
    command = [sys.executable, "-m", "benchmarks.fuzz_guided", "--one", kind, str(seconds)]
    before = set(_found(kind))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds + _GRACE
        )
    except subprocess.TimeoutExpired:  # the fuzzer's own timeout can deadlock inside native code
        print(f"{kind:6} hung: ended {_GRACE} s after its time", flush=True)
        return 1
    count = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    new = [path for path in _found(kind) if path not in before]
    print(f"{kind:6} {count[1] if count else '?':>9} executions, {covered[-1] if covered else '?':>6} places covered,"
          f" {len(new)} found{'' if done.returncode == 0 else f', ended with {done.returncode}'}", flush=True)  # fmt: skip
    for path in new:
        print(f"       {path}")
    if count is None:
        print(done.stderr[-2000:])
    return 1 if new or done.returncode else 0


def _found(kind: str) -> list[Path]:
    return sorted(path for path in (HOME / "found").glob(f"{kind}-*") if path.suffix != ".txt")


def run(kind: str, seconds: int) -> None:
    """The fuzzer's own process; it never returns."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["flows.letters", "PIL", "email", "ofdkit", "olefile", "zipfile"]):
        from benchmarks.fuzz_readers import fate
        from flows.letters.reading import preload

        preload()
    corpus, found = HOME / "corpus" / kind, HOME / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(kind):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1",
        f"-artifact_prefix={found}/{kind}-", "-max_len=200000", "-close_fd_mask=1", "-verbosity=1",
    ]  # fmt: skip
    mutator = {"custom_mutator": _by_parts(atheris)} if kind in _PARTS else {}
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: _try(fate, kind, data, found), **mutator)
    atheris.Fuzz()


def _try(fate: Callable[[bytes], str], kind: str, data: bytes, found: Path) -> None:
    """One file; whatever is thrown beside a refusal is kept, once for each place, and the search goes on."""
    try:
        fate(data)
    except Exception as fault:  # what this program looks for
        last = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{kind}-{type(fault).__name__}-{Path(last.filename).stem}-{last.lineno}"
        if not (found / place).exists():
            (found / place).write_bytes(data)
            (found / f"{place}.txt").write_text(traceback.format_exc(), "utf-8")


def _by_parts(atheris: ModuleType) -> Callable[[bytes, int, int], bytes]:
    """Mutates one XML part of a ZIP and packs it again; bytes that are no ZIP, and now and then a ZIP, as they are."""
    from flows.letters.reading.package import part_names
    from tests.reading.sample_files import bundle

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
        names = [name for name in part_names(data) if name.endswith((".xml", ".rels"))] if chance.random() > 0.2 else []
        if not names:
            return bytes(atheris.Mutate(data, size))
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
        except Exception:  # broken in one of the many ways that zipfile knows
            return bytes(atheris.Mutate(data, size))
        part = chance.choice([name for name in names if name in parts] or sorted(parts))
        parts[part] = bytes(atheris.Mutate(parts[part], len(parts[part]) + 4096))
        return bundle(parts, stored=True)[:size]

    return mutate


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """The tests' samples of a kind."""
    from tests.broken.hostile_files import script_pdf
    from tests.fuzz.test_fuzz_readers import TEXT, sample
    from tests.reading.office_files import doc_file, ofd_letter
    from tests.reading.pdf_files import drawn, lines, table
    from tests.reading.sample_files import docx_file, site_page
    from tests.reading.test_saved_files import CHROME, saved_page

    if kind == "image":
        return _pictures()
    more: dict[str, tuple[bytes, ...]] = {
        "txt": (TEXT.encode(), TEXT.encode("utf-16"), b"\xef\xbb\xbf" + TEXT.encode()),
        "html": (site_page(TEXT, "utf-8", "utf-8"),),
        "docx": (docx_file(TEXT.replace("\n", "\n\n")),),
        "doc": (doc_file(TEXT, listed={0: 0, 1: 1}), doc_file("年\x13 DATE \x14五\x15\n甲 | 乙\n丙", streams={"Macros": b"x"})),
        # Not packed, so that a changed byte changes what is drawn.
        "pdf": (
            drawn(table([["任务", "时限"], ["公厕", "年底前"]], [120, 120]), pageCompression=0),
            drawn(lines("第一页"), lines("第二页"), pageCompression=0), script_pdf(),
        ),
        "ofd": (ofd_letter("一\n二"),),
        "mail": (saved_page(CHROME, site_page(TEXT, "utf-8", "utf-8")),),
    }  # fmt: skip
    return (sample(kind), *more.get(kind, ()))


def _pictures() -> tuple[bytes, ...]:
    from PIL import Image

    made = []
    for form in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"):
        out = io.BytesIO()
        Image.new("RGB", (40, 30), (200, 90, 20)).save(out, form)
        made.append(out.getvalue())
    return tuple(made)


if __name__ == "__main__":
    sys.exit(main())
