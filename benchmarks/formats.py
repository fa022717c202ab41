"""Reads 20 letters in every format and compares with their plain text: `python -m benchmarks.formats [--write] [FORMAT…]`.

Each format is read in a process of its own, so that its peak memory is its own; times are CPU seconds on one core.
`--write` puts the table into `benchmarks/README.md`, in the place of the one before.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from textwrap import wrap
from typing import Any

from tests.reading.office_files import doc_by_libreoffice, doc_file, ofd_letter, rtf_file
from tests.reading.sample_files import (
    LETTERS,
    bundle,
    cer,
    chosen,
    cid_pdf,
    clean_text,
    docx_file,
    mail,
    site_page,
    typst_pdf,
    weasy_pdf,
)

HERE = Path(__file__).parent
HEADING = "## Reading every format"


@dataclass(frozen=True, slots=True)
class Format:
    """How the files are made, and the greatest share of wrong characters and least F1 of commitments aimed at."""

    label: str
    make: Callable[[str, int], bytes]
    wrong: float
    f1: float = 0.99


def _scan(dpi: int, skews: Sequence[float]) -> Callable[[str, int], bytes]:
    def make(text: str, number: int) -> bytes:
        from tests.reading.scan_files import as_pdf, scanned, sheets

        skew = skews[number % len(skews)]
        pages = [scanned(sheet, number, skew=skew, noise=10) for sheet in sheets(weasy_pdf(text), dpi)]
        return as_pdf(pages, dpi, quality=60)

    return make


FORMATS = (
    Format("TXT, GB18030", lambda text, _: text.encode("gb18030"), 0.001),
    Format("PDF (weasyprint, embedded CID font)", lambda text, _: weasy_pdf(text), 0.001),
    Format("PDF (typst, embedded subset)", lambda text, _: typst_pdf(text), 0.001),
    Format("PDF (reportlab, STSong-Light not embedded)", lambda text, _: cid_pdf(text), 0.001),
    Format("DOCX", lambda text, _: docx_file(text), 0.001),
    Format("DOC (our own writer)", lambda text, _: doc_file(text), 0.001),
    Format("DOC (saved by LibreOffice)", lambda text, _: doc_by_libreoffice(docx_file(text)), 0.001),
    Format("RTF, GB2312, by way of LibreOffice", lambda text, _: rtf_file(text), 0.001),
    Format("OFD", lambda text, _: ofd_letter(text), 0.001),
    Format("HTML in a site's page, GBK", lambda text, _: site_page(text, "gb18030", "gb2312"), 0.001),
    Format("EML", lambda text, _: mail(text), 0.001),
    Format("ZIP with DOCX", lambda text, _: bundle({"答复.docx": docx_file(text)}), 0.001),
    Format("scan, 300 dpi", _scan(300, (1.3, -0.9, 0.6, -1.7)), 0.01, 0.97),
    Format("scan, 150 dpi", _scan(150, (-1.3, 0.9, -0.6, 1.7)), 0.02, 0.97),
)


# -- the reading process ------------------------------------------------------------------------------------------


def read_all(folder: Path) -> Iterator[dict[str, Any]]:
    """For each file: CPU seconds, pages recognised, and the text; the peak memory comes with the last."""
    from flows.adapters.converter import to_docx
    from flows.letters.mending import mend
    from flows.letters.model import SourceText
    from flows.letters.reading import containers, read
    from flows.letters.reading.magic import name_of
    from flows.letters.reading.recognition import with_recognised

    engine: Any = None

    def one(data: bytes) -> tuple[SourceText, int]:
        nonlocal engine
        if containers.is_container(data):
            (member,) = containers.unpack(data, "letter")
            data = member.data
        if name_of(data) == "RTF":
            data = to_docx(data, "rtf", "letter")
        source = read(data, "letter")
        if not source.images:
            return source, 0
        from flows.adapters.recogniser import RapidRecogniser
        from flows.letters.reading.pictures import picture_of

        engine = engine or RapidRecogniser()
        pages = [engine.recognise(picture_of(data, "letter", page)) for page in source.images]
        return with_recognised(source, pages, "letter"), len(pages)

    files = sorted(folder.iterdir())
    one(files[0].read_bytes())  # what is loaded once is not counted again with every letter
    found = []
    for file in files:
        data, began = file.read_bytes(), _spent()
        source, pages = one(data)
        found.append((file.stem, source, pages, _spent() - began))
    peak = _peak()
    for stem, source, pages, seconds in found:
        text = mend(source).text
        yield {"stem": stem, "text": text, "pages": pages, "seconds": seconds, "peak": peak, "said": _said(source, stem)}


def _spent() -> float:
    """CPU seconds of this process and of the converters it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak() -> float:
    """The most memory this process or a converter held, in MB (getrusage would count what the parent held before)."""
    status = Path("/proc/self/status").read_text()
    own = int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _said(source: Any, stem: str) -> list[list[str]]:
    """The record's commitments: stance, deadline, lead agency, words."""
    from flows.letters.agencies import Directory
    from flows.letters.errors import LetterError
    from flows.letters.model import Original
    from flows.letters.profile import SiteProfile
    from flows.letters.understanding import understand

    directory = Directory.load(LETTERS / "agencies.toml")
    original = Original(stem, "0" * 64, 1, "text/plain", "1970-01-01T00:00:00Z")
    try:
        record = understand(source, original, directory, SiteProfile()).record
    except LetterError as refusal:
        return [["refused", "", "", refusal.code]]
    return [
        [
            row["stance"],
            str((row["deadline"] or {}).get("date")),
            next((str(owner["agency_id"]) for owner in row["owners"] if owner["role"] == "lead"), ""),
            folded(row["text"]),
        ]
        for row in record["statements"]
        if row["stance"] in ("pledged", "conditional")
    ]


def folded(text: str) -> str:
    """Without white space, wide and narrow forms alike."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


# -- the comparison -----------------------------------------------------------------------------------------------


def measured(made: Format, folder: Path, plain: dict[str, dict[str, Any]]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.formats", "--read", str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {row["stem"]: row for row in map(json.loads, output.splitlines())}
    letters = sum(len(row["text"]) for row in plain.values())
    wrong = {stem: cer(found[stem]["text"], row["text"]) * len(row["text"]) for stem, row in plain.items()}
    loose = sum(cer(folded(found[s]["text"]), folded(row["text"])) * len(row["text"]) for s, row in plain.items())
    pages = sum(row["pages"] for row in found.values())
    seconds = sum(row["seconds"] for row in found.values())
    return {
        "label": made.label,
        "wrong": sum(wrong.values()) / letters,
        "loose": loose / letters,
        "worst": max(wrong[stem] / len(plain[stem]["text"]) for stem in plain),
        "seconds": seconds / len(found),
        "page": seconds / pages if pages else None,
        "peak": max(row["peak"] for row in found.values()),
        "paragraphs": _paragraphs(plain, found),
        "f1": _f1(plain, found, _alike),
        "whole": _f1(plain, found, _equal),
        "goal": made,
    }


def _paragraphs(plain: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> float:
    kept = total = 0
    for stem, row in plain.items():
        rows = Counter(map(folded, row["text"].split("\n")))
        total += rows.total()
        kept += (rows & Counter(map(folded, found[stem]["text"].split("\n")))).total()
    return kept / total


Said = Sequence[str]


def _alike(got: Said, want: Said) -> bool:
    """The same commitment, as the scorer of annotated letters counts: texts that overlap by half or more."""
    matcher = SequenceMatcher(None, got[3], want[3], autojunk=False)
    shared = sum(block.size for block in matcher.get_matching_blocks())
    return 2 * shared >= len(got[3]) + len(want[3]) - shared


def _equal(got: Said, want: Said) -> bool:
    """Stance, deadline and lead agree, and no more than 2 characters in 100 differ."""
    return got[:3] == want[:3] and cer(got[3], want[3]) <= 0.02


def _f1(
    plain: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]], same: Callable[[Said, Said], bool]
) -> float:
    hit = 0
    for stem, row in plain.items():
        left = list(found[stem]["said"])
        for want in row["said"]:
            match = next((got for got in left if same(got, want)), None)
            if match is not None:
                hit += 1
                left.remove(match)
    there = sum(len(row["said"]) for row in plain.values()) + sum(len(row["said"]) for row in found.values())
    return 2 * hit / there if there else 1.0


_HOW = (
    "{letters} letters of `tests/letters/dev`, made into each format by the tests' own writers and compared with the"
    " plain text. CPU seconds on one core, LibreOffice's too; peak memory of a process that reads all of them. Wrong"
    " characters: edit distance over the length, white space left out; *folded*: wide and narrow marks taken as equal."
    " Commitments: F1 against the plain text's record, texts overlapping by half or more; *whole*: stance, deadline and"
    " lead agree too, and no more than 2 characters in 100 differ."
)


def table(rows: Sequence[dict[str, Any]], letters: int) -> str:
    out = [
        HEADING,
        "",
        *wrap(_HOW.format(letters=letters), 120),
        "",
        "| format | wrong characters (goal) | folded | worst letter | paragraphs kept | commitments F1 (goal) | whole"
        " | s / letter | s / recognised page | peak MB |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        page = f"{row['page']:.2f}" if row["page"] else "–"
        out.append(
            f"| {row['label']} | {row['wrong']:.3%} (≤ {row['goal'].wrong:.1%}) | {row['loose']:.3%} | {row['worst']:.2%}"
            f" | {row['paragraphs']:.1%} | {row['f1']:.3f} (≥ {row['goal'].f1}) | {row['whole']:.3f}"
            f" | {row['seconds']:.4f} | {page} | {row['peak']:.0f} |"
        )
    return "\n".join([*out, "", "Made by `python -m benchmarks.formats --write`.", ""])


def write(section: str, page: Path) -> None:
    """The section in the place of the one of the same heading."""
    before, _, rest = page.read_text("utf-8").partition(f"{HEADING}\n")
    after = rest.partition("\n## ")[2]
    page.write_text(f"{before}{section}\n## {after}", "utf-8")


def main() -> None:
    if sys.argv[1:2] == ["--read"]:
        for row in read_all(Path(sys.argv[2])):
            print(json.dumps(row))
        return
    wanted = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    stems = chosen(20)
    texts = {stem: clean_text(stem) for stem in stems}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        plain = dict(_plain(Path(folder, "plain"), texts))
        for number, made in enumerate(FORMATS):
            if wanted and not any(word in made.label for word in wanted):
                continue
            place = Path(folder, str(number))
            place.mkdir()
            for index, (stem, text) in enumerate(texts.items()):
                (place / f"{stem}.bin").write_bytes(made.make(text, index))
            rows.append(measured(made, place, plain))
            print(table(rows[-1:], len(stems)).splitlines()[-3], flush=True)
    if "--write" in sys.argv:
        write(table(rows, len(stems)), HERE / "README.md")


def _plain(place: Path, texts: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    place.mkdir()
    for stem, text in texts.items():
        (place / f"{stem}.bin").write_bytes(text.encode())
    for row in read_all(place):
        yield row["stem"], row


if __name__ == "__main__":
    main()
