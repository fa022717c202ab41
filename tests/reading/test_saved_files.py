"""Pages that a browser saved in one file, Word in XML, and text in seven bits: read as what they are, or refused by name."""

from __future__ import annotations

import base64
import quopri

import pytest

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.mending import mend
from flows.letters.reading import read
from flows.letters.reading.containers import is_container
from flows.letters.reading.encoding import decode
from tests.reading.sample_files import bundle, clean_text, site_page

LETTER = clean_text("005-qianhu-schools")
CHROME = """From: <Saved by Blink>
Snapshot-Content-Location: http://www.example.invalid/a.html
Subject: =?utf-8?Q?=E5=85=B3=E4=BA=8E?=
Date: Mon, 6 May 2024 09:30:00 +0800
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="----M"
"""
OFFICE = """MIME-Version: 1.0
Content-Type: multipart/related; boundary="----M"
"""


def saved_page(head: str, *pages: bytes, end: str = "\r\n") -> bytes:
    """A page with its frames and a picture in one file."""
    parts = [f"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\nContent-Location: http://x/{i}\n\n".encode()
             + quopri.encodestring(page) for i, page in enumerate(pages)]  # fmt: skip
    parts.append(b"Content-Type: image/png\nContent-Transfer-Encoding: base64\nContent-Location: http://x/a.png\n\n"
                 + base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(60_000)))  # fmt: skip
    whole = head.encode() + b"\n" + b"".join(b"------M\n" + part + b"\n" for part in parts) + b"------M--\n"
    return whole.replace(b"\r\n", b"\n").replace(b"\n", end.encode())


@pytest.mark.parametrize("head", [CHROME, OFFICE], ids=["browser", "Office"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_page_saved_in_one_file_reads_as_the_page(head: str, encoding: str):
    page = site_page(LETTER, encoding, encoding)
    data = saved_page(head, page)
    assert not is_container(data)
    assert mend(read(data, "x.mht")).text == mend(read(page, "x.html")).text
    assert read(data, "x").problems == ()


def test_of_a_page_with_frames_the_one_with_the_letter_is_read():
    frame = "<html><body>欢迎访问</body></html>".encode()
    source = read(saved_page(CHROME, frame, site_page(LETTER), frame), "x")
    assert (mend(source).text, source.problems) == (mend(read(site_page(LETTER), "x")).text, ())


def test_a_second_frame_of_text_that_is_not_read_is_told():
    source = read(saved_page(CHROME, site_page(LETTER), site_page(LETTER)), "x")
    assert [problem.code for problem in source.problems] == ["part_not_read"]


# -- Word in XML -------------------------------------------------------------------------------------------------

WORD_2003 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?mso-application progid="Word.Document"?>
<w:wordDocument xmlns:aml="urn:aml" xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint"
 xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:docPr><w:view w:val="print"/></w:docPr><w:body><wx:sect>
<w:p><w:r><w:t>关于提案的答复</w:t></w:r></w:p><wx:sub-section>{}</wx:sub-section>
<w:p><w:r><w:t>我局将</w:t></w:r><aml:annotation w:type="Word.Deletion"><aml:content><w:r><w:delText>不再</w:delText></w:r>
</aml:content></aml:annotation><aml:annotation w:type="Word.Insertion"><aml:content><w:r><w:t>修路。</w:t></w:r></aml:content>
</aml:annotation></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>任务</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>时限</w:t></w:r></w:p>
</w:tc></w:tr></w:tbl><w:sectPr><w:hdr><w:p><w:r><w:t>页眉</w:t></w:r></w:p></w:hdr></w:sectPr></wx:sect></w:body></w:wordDocument>"""
LISTED = '<w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/>{}</w:listPr></w:pPr><w:r><w:t>总体情况</w:t></w:r></w:p>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_word_2003_in_xml_is_read_with_the_numbers_it_stores(encoding: str):
    text = WORD_2003.format(LISTED.format('<wx:t wx:val="一、" wx:wTabBefore="0"/>'))
    source = read(text.replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8").encode(encoding), "答复.doc")
    assert [line.text for line in source.lines] == ["关于提案的答复", "一、总体情况", "我局将修路。", "任务 | 时限"]
    assert [problem.code for problem in source.problems] == ["text_not_shown"]


def test_a_number_that_word_2003_has_not_stored_is_told():
    source = read(WORD_2003.format(LISTED.format("")).encode(), "x")
    assert "numbering_lost" in [problem.code for problem in source.problems]


def test_a_docx_laid_flat_is_read():
    part = '<pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>答复'
    part += '</w:t></w:r></w:p></w:body></w:document></pkg:xmlData></pkg:part><pkg:part pkg:name="/word/a.bin">'
    part += "<pkg:binaryData>eA==</pkg:binaryData></pkg:part></pkg:package>"
    head = '<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
    assert [line.text for line in read((head + part).encode(), "x").lines] == ["答复"]


@pytest.mark.parametrize("cut", [400, 900])
def test_word_in_xml_cut_off_is_refused(cut: int):
    with pytest.raises(UnreadableLetter, match="damaged"):
        read(WORD_2003.encode()[:cut], "x")


def test_other_xml_is_no_text():
    with pytest.raises(UnknownFormat, match="XML"):
        read('<?xml version="1.0"?><uof:UOF xmlns:uof="urn:uof">答复</uof:UOF>'.encode(), "x")


# -- text in seven bits and of Hong Kong -------------------------------------------------------------------------


def test_text_in_seven_bits_is_turned_into_chinese():
    text, encoding = decode(LETTER.replace("\u3000", " ").encode("hz", errors="ignore"), "x")
    assert encoding == "hz"
    assert text[:40] == LETTER.replace("\u3000", " ")[:40]


@pytest.mark.parametrize("text", ["a ~{ b ~} c", "x = ~{y}"])
def test_seven_bits_that_are_no_chinese_stay_as_they_are(text: str):
    assert decode(text.encode(), "x") == (text, "utf-8")


def test_a_bundle_of_xml_files_is_still_a_bundle():
    assert is_container(bundle({"a.xml": b"<a/>", "notes/document.xml": b"<b/>"}))
