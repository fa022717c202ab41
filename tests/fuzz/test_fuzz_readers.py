"""Mutated samples of every format: each is read or refused, and nothing else happens."""

from __future__ import annotations

import zlib
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.mending import mend
from flows.letters.reading import read
from flows.letters.reading.containers import is_container, unpack
from tests.reading.office_files import doc_file, ofd_letter
from tests.reading.sample_files import bundle, cid_pdf, docx_file, mail, site_page
from tests.reading.test_saved_files import LISTED, WORD_2003

TEXT = "关于第12号提案的答复\n任务 | 时限\n我局将于2025年底前完成公厕改造12座。"


@cache
def sample(kind: str) -> bytes:
    letter = cid_pdf(TEXT)
    return {
        "txt": TEXT.encode("gb18030"), "html": site_page(TEXT), "docx": docx_file(TEXT), "doc": doc_file(TEXT),
        "xml": WORD_2003.format(LISTED.format('<wx:t wx:val="一、"/>')).encode(),
        "pdf": letter, "ofd": ofd_letter(TEXT), "mail": mail(TEXT, attachments=(("a.pdf", letter, "application/pdf"),)),
        "zip": bundle({"a.txt": TEXT.encode(), "b.zip": bundle({"c.pdf": letter})}, stored=True),
    }[kind]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The sample with some bytes changed, runs cut out or repeated; a tear at the end now and then."""
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(out) - 1)))
        size = draw(st.integers(1, 40))
        match draw(st.sampled_from(["change", "cut", "repeat", "tear"])):
            case "change":
                out[at : at + size] = draw(st.binary(min_size=1, max_size=size))
            case "cut":
                del out[at : at + size]
            case "repeat":
                out[at:at] = out[at : at + size] * draw(st.integers(1, 50))
            case _:
                del out[at + len(out) // 2 :]
    return bytes(out)


@pytest.mark.parametrize("kind", ["txt", "html", "docx", "doc", "xml", "pdf", "ofd", "mail"])
def test_a_mutated_file_is_read_or_refused(kind):
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(mutated(sample(kind)))
    def holds(data: bytes) -> None:
        try:
            source = read(data, "来函")
        except (UnknownFormat, UnreadableLetter) as refusal:
            assert refusal.message.startswith("来函")
        else:
            letter = mend(source)
            assert all(0 <= piece.line < len(source.lines) for piece in letter.pieces)

    holds()


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "word/numbering.xml"])
def test_a_mutated_part_of_a_word_file_is_read_or_refused(part):
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(sample("docx"))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name.startswith("word/")}

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(mutated(parts[part]))
    def holds(xml: bytes) -> None:
        try:
            read(bundle(parts | {part: xml}, stored=True), "来函")
        except (UnknownFormat, UnreadableLetter) as refusal:
            assert refusal.message.startswith("来函")

    holds()


@pytest.mark.parametrize("kind", ["mail", "zip"])
def test_a_mutated_container_is_unpacked_or_refused(kind):
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(mutated(sample(kind)))
    def holds(data: bytes) -> None:
        if not is_container(data):
            return
        try:
            members = unpack(data, "来函")
        except UnreadableLetter:
            return
        assert all(member.name and "/" not in member.name and "\\" not in member.name for member in members)

    holds()


def test_mutants_are_not_all_alike():
    seen = set()

    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(mutated(sample("pdf")))
    def holds(data: bytes) -> None:
        seen.add(zlib.crc32(data))

    holds()
    assert len(seen) > 20
