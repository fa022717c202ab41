"""Each hostile or broken file meets its fate: refused or limited, with a reason, in bounded time and memory."""

from __future__ import annotations

import io
import time

import psutil
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption

from flows.adapters.reading_process import FileReader, Limits
from flows.letters.errors import LetterError, UnknownFormat, UnreadableLetter
from flows.letters.reading.containers import is_container, unpack
from tests.broken import hostile_files as hostile
from tests.reading.office_files import doc_file, ofd_file, ofd_letter
from tests.reading.pdf_files import drawn, lines
from tests.reading.sample_files import bundle, clean_text, docx_file, mail, site_page, typst_pdf

TEXT = clean_text("010-jianghai-odor")
LIMITS = Limits(memory=2**30, cpu_seconds=3, wall_seconds=60)


@pytest.fixture(scope="module")
def read():
    reader = FileReader(LIMITS)
    yield reader
    reader.close()


def refused(read, data: bytes, name: str = "来函") -> UnreadableLetter | UnknownFormat:
    """The refusal; it must come within the limits and leave the reader fit for the next letter."""
    began = time.monotonic()
    with pytest.raises((UnreadableLetter, UnknownFormat)) as caught:
        read(data, name)
    assert time.monotonic() - began < LIMITS.wall_seconds + 10
    assert caught.value.message.startswith(name)
    return caught.value


def locked_pdf() -> bytes:
    return drawn(lines("我局将按时完成。"), encrypt=StandardEncryption("secret", ownerPassword="owner"))


LOCKED = {
    "pdf": locked_pdf,
    "zip": lambda: hostile.locked_zip(),
    "doc": lambda: doc_file(TEXT, flags=0x0100),
    "ofd": lambda: bundle({"OFD.xml": b"<OFD/>", "Doc_0/Encryptions.xml": b"<x/>"}),
    "mail": lambda: b"From: a@example.invalid\nTo: b\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMII=",
}


@pytest.mark.parametrize("kind", LOCKED)
def test_encrypted_files_are_refused_as_such(read, kind):
    data = LOCKED[kind]()
    if kind == "zip":
        assert is_container(data)
        with pytest.raises(UnreadableLetter, match="encrypted"):
            unpack(data, "来函")
    else:
        assert refused(read, data).facts["found"] == "encrypted"


def test_a_pdf_locked_only_against_changes_is_read(read):
    data = drawn(lines("我局将按时完成。"), encrypt=StandardEncryption("", ownerPassword="owner", canCopy=0))
    assert [line.text for line in read(data, "x").lines] == ["我局将按时完成。"]


WHOLE = {
    "docx": docx_file, "doc": doc_file, "pdf": typst_pdf, "ofd": ofd_letter, "html": site_page, "mail": mail,
    "txt": lambda text: text.encode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_file_cut_off_is_refused_or_read_as_far_as_it_goes(read, kind, share):
    data = WHOLE[kind](TEXT)
    try:
        source = read(data[: int(len(data) * share)], "来函")
    except (UnreadableLetter, UnknownFormat) as refusal:
        assert refusal.message.startswith("来函")
    else:
        assert kind in ("pdf", "html", "mail", "txt", "doc")
        assert all(line.text in TEXT or kind in ("mail", "html") or line.text[:-1] in TEXT for line in source.lines[:1])


NOTHING = [b"", b"\n \r\n", b"\0" * 100, b"\xef\xbb\xbf", b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]


@pytest.mark.parametrize("data", NOTHING)
def test_files_of_nothing_are_refused(read, data):
    refused(read, data)


def test_a_misnamed_file_is_read_as_what_it_is(read):
    assert read(docx_file(TEXT), "答复.pdf").reader.name == "docx"


@pytest.mark.parametrize("data", [b"MZ\x90\0" + b"\0" * 99, b"\x7fELF" + b"\1" * 99, b"SQLite format 3\0" + b"\0" * 99])
def test_programs_and_databases_are_named(read, data):
    assert isinstance(refused(read, data, "答复.docx"), UnknownFormat)


def test_five_thousand_pages_are_refused(read):
    assert refused(read, hostile.pages(5000)).facts["found"] == "too many pages"


@pytest.mark.parametrize("size", [(100_000, 100_000), (8_000, 8_000)])
def test_gigapixel_pictures_are_refused_before_they_are_unpacked(read, size):
    assert refused(read, hostile.png(*size)).facts["found"] == "gigapixel"


def test_a_picture_without_its_pixels_is_refused(read):
    refused(read, hostile.png(2_000, 2_000))


def test_a_picture_of_a_hundred_thousand_frames_is_refused(read):
    frame = io.BytesIO()
    Image.new("1", (20, 20)).save(frame, "TIFF", save_all=True, append_images=[Image.new("1", (20, 20))] * 150)
    assert refused(read, frame.getvalue()).facts["found"] == "bomb"


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: hostile.bomb(300), "bomb"),
        (lambda: hostile.nested(3), "nested"),
        (lambda: hostile.nested(40), "nested"),
        (lambda: hostile.many_members_claimed(), "bomb"),
        (lambda: bundle({f"{i}.txt": b"x" for i in range(1000)}), "bomb"),
        (lambda: bundle({"__MACOSX/x": b"1"}), "empty"),
    ],
    ids=["zeros", "three deep", "forty deep", "claims 3 GB of names", "1000 members", "nothing"],
)
def test_bombs_are_refused_before_they_are_unpacked(make, found):
    data = make()
    before = psutil.Process().memory_info().rss
    assert is_container(data)
    with pytest.raises(UnreadableLetter) as caught:
        unpack(data, "来函")
    assert caught.value.facts["found"] == found
    assert psutil.Process().memory_info().rss - before < 100 * 2**20


def test_a_bomb_dressed_as_a_document_is_refused(read):
    refused(read, bundle({"word/document.xml": bytes(250 * 2**20)}))


@pytest.mark.parametrize("make", [hostile.entity_bomb, hostile.external_entity, hostile.utf16_entity])
def test_entities_are_refused_unread(read, make):
    assert refused(read, make()).facts["found"] == "doctype"


def test_entities_in_ofd_are_refused(read):
    data = ofd_file([[(28, 40, "答复")]])
    evil = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><OFD>&a;</OFD>'
    refused(read, bundle({"OFD.xml": evil}))
    assert read(data, "x").lines[0].text == "答复"


@pytest.mark.parametrize("make", [lambda: hostile.deep_xml(100_000), lambda: hostile.deep_mail(3_000)], ids=["xml", "mail"])
def test_endless_nesting_is_refused(read, make):
    refused(read, make())


def test_a_page_nested_beyond_reason_costs_no_more_than_the_limit(read):
    try:
        source = read(hostile.deep_html(50_000), "来函")
    except LetterError as refusal:
        assert refusal.message.startswith("来函")
    else:
        assert len(source.lines) <= 1


def test_names_that_climb_stay_in_their_folder():
    members = unpack(bundle({"../../../etc/cron.d/x.txt": b"1", "/etc/passwd": b"2", "..\\..\\x.exe": b"3"}), "x.zip")
    assert [member.name for member in members] == ["x.txt", "passwd", "x.exe"]


def test_a_script_in_a_pdf_is_named_and_not_run(read):
    source = read(hostile.script_pdf(), "来函")
    assert source.lines[0].text == "Reply No. 12 of 2024"
    assert "active_content_ignored" in [problem.code for problem in source.problems]


@pytest.mark.parametrize("make", [hostile.page_tree_loop, hostile.form_loop])
def test_loops_in_a_pdf_end(read, make):
    refused(read, make())


def test_a_page_that_unpacks_to_a_flood_of_drawing_ends_within_its_limits(read):
    data = hostile.stream_bomb(300)
    assert len(data) < 2**20
    refused(read, data)
    assert read(docx_file(TEXT), "next").lines


def test_a_frame_of_no_size_in_a_picture_is_refused_by_the_reader_itself(read):
    assert refused(read, hostile.tiff_without_its_second_size()).facts["found"] == "damaged"


@pytest.mark.parametrize("make", [ofd_letter, docx_file], ids=["ofd", "docx"])
def test_a_part_without_a_name_does_not_keep_a_letter_from_being_read(read, make):
    whole, more = read(make(TEXT), "x"), read(hostile.nameless(make(TEXT)), "x")
    assert [line.text for line in more.lines] == [line.text for line in whole.lines]
