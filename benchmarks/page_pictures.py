"""What the pictures on a letter's page in Prefect cost: `python -m benchmarks.page_pictures`.

Twenty letters as PDF, OFD and scan; for each format the time to draw all strips of a letter in the reading process
(wall clock, one letter at a time), how many commitments are shown and how many get no picture, and the bytes of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from flows.adapters.reading_process import FileReader
from flows.letters.agencies import Directory
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.understanding import understand
from flows.picturing import pictures_of
from tests.reading.office_files import ofd_letter
from tests.reading.sample_files import LETTERS, chosen, cid_pdf, clean_text, typst_pdf, weasy_pdf
from tests.reading.scan_files import as_pdf, scanned, sheets

LETTERS_OF_A_SCAN = 4  # recognition takes seconds a page, and is no part of what is measured


def scan_pdf(text: str) -> bytes:
    return as_pdf([scanned(sheet, 3, skew=0.7) for sheet in sheets(weasy_pdf(text), 150)], 150)


def main() -> None:
    read, directory = FileReader(), Directory.load(LETTERS / "agencies.toml")
    read(typst_pdf("热身"), "x")
    makers: dict[str, Callable[[str], bytes]] = {
        "PDF (typst)": typst_pdf, "PDF (weasyprint)": weasy_pdf, "PDF (reportlab)": cid_pdf, "OFD": ofd_letter,
        "scan, 150 dpi": scan_pdf,
    }  # fmt: skip
    print("format, letters, ms a letter (median, most), pictures, commitments without one, KB a letter")
    for name, make in makers.items():
        stems = chosen()[:LETTERS_OF_A_SCAN] if make is scan_pdf else chosen()
        taken, shown, without, size = [], 0, 0, 0
        for stem in stems:
            data = make(clean_text(stem))
            original = Original("x", "0" * 64, len(data), "application/pdf", "1970-01-01T00:00:00Z")
            understood = understand(read(data, "x"), original, directory, SiteProfile())
            began = time.perf_counter()
            made, left_out = pictures_of(understood, data, read)
            taken.append(1000 * (time.perf_counter() - began))
            strips = [png for pages in made.values() for _, png in pages]
            shown, without, size = shown + len(strips), without + left_out, size + sum(map(len, strips))
        print(f"{name}, {len(stems)}, {median(taken):.0f}, {max(taken):.0f}, {shown}, {without}, {size / len(stems) / 1024:.0f}")
    read.close()


if __name__ == "__main__":
    main()
