"""Mails and bundles: each letter inside is a letter of its own, with where it came from."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import read
from flows.letters.reading.containers import MAX_MEMBERS, is_container, plain_name, unpack
from tests.reading.sample_files import bundle, cid_pdf, docx_file, mail

TEXT = "关于第12号提案的答复\n我局将于年底前完成建设。"


def test_a_mail_without_attachments_is_the_letter_and_its_header_is_kept():
    data = mail(TEXT)
    assert not is_container(data)
    source = read(data, "x.eml")
    assert [line.text for line in source.lines if line.text] == TEXT.split("\n")
    assert dict(source.meta)["mail:from"] == "某区教育局 <jyj@example.invalid>"
    assert dict(source.meta)["mail:subject"] == "关于提案答复的函"


@pytest.mark.parametrize("charset", ["gb18030", "gb2312", "utf-8"])
def test_a_mail_in_any_charset(charset):
    assert read(mail(TEXT, charset=charset), "x.eml").lines[0].text == "关于第12号提案的答复"


def test_the_letters_of_a_mail_know_who_sent_them():
    data = mail("请查收。", attachments=(("答复.docx", docx_file(TEXT), "application/msword"),))
    assert is_container(data)
    (member,) = unpack(data, "x.eml")
    assert member.name == "答复.docx"
    assert dict(member.provenance)["mail:date"] == "Mon, 06 May 2024 09:30:00 +0800"
    assert read(member.data, member.name).lines[1].text == "我局将于年底前完成建设。"


def test_small_pictures_and_signatures_in_a_mail_are_no_letters():
    logo = b"\x89PNG\r\n\x1a\n" + b"\0" * 500
    data = mail(TEXT, attachments=(("logo.png", logo, "image/png"), ("smime.p7s", b"x", "application/pkcs7-signature")))
    assert not is_container(data)


def test_the_body_of_a_mail_with_letters_is_not_taken_for_one():
    data = mail("请查收。", attachments=(("答复.pdf", cid_pdf(TEXT), "application/pdf"),))
    with pytest.raises(UnreadableLetter, match=r"答复\.pdf"):
        read(data, "x.eml")


def test_a_bundle_gives_its_letters_and_leaves_what_systems_add():
    data = bundle({"a/答复.txt": b"1", "b/答复.txt": b"2", "__MACOSX/._x": b"3", "Thumbs.db": b"4", "空.txt": b""})
    assert is_container(data)
    assert [(m.name, m.data) for m in unpack(data, "x.zip")] == [("答复.txt", b"1"), ("答复-2.txt", b"2"), ("空.txt", b"")]


def test_a_mail_in_a_bundle_is_unpacked_too():
    letter = mail("请查收。", attachments=(("答复.pdf", cid_pdf(TEXT), "application/pdf"),))
    (member,) = unpack(bundle({"来信.eml": letter}), "x.zip")
    assert member.name == "答复.pdf"
    assert [label for label, _ in member.provenance].count("path") == 2


def test_names_written_by_windows_in_chinese_are_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("XXXX.txt")
        archive.writestr(info, b"1")
    data = out.getvalue().replace(b"XXXX", "答复".encode("gb18030"))
    assert [member.name for member in unpack(data, "x.zip")] == ["答复.txt"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("/root/.ssh/答复.pdf", "答复.pdf"),
        ("C:\\Windows\\答复.pdf", "答复.pdf"),
        ("a/..", "unnamed"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("字" * 200 + ".pdf", "字" * 62 + ".pdf"),
    ],
)
def test_no_name_leaves_its_folder(path, name):
    assert plain_name(path) == name


def test_a_document_is_no_bundle():
    assert not is_container(docx_file(TEXT))
    assert not is_container(TEXT.encode())


def test_too_many_letters_are_refused():
    with pytest.raises(UnreadableLetter, match="members"):
        unpack(bundle({f"{i}.txt": b"x" for i in range(MAX_MEMBERS + 1)}), "x.zip")


def saved_page(body: str) -> bytes:
    """A page as browsers save it: the HTML, its style and a large picture, all in one mail-like file."""
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Subject"] = "答复"
    message["MIME-Version"] = "1.0"
    message.set_content(f"<html><body><div id=zoom>{body}</div></body></html>", subtype="html")
    message.add_related(b"p{}", "text", "css")
    message.add_related(b"\x89PNG\r\n\x1a\n" + bytes(50_000), "image", "png")
    return message.as_bytes()


def test_a_page_saved_with_its_pictures_is_the_page():
    data = saved_page("".join(f"<p>我局将于2025年底前完成第{i}项工作，并会同区财政局落实资金。</p>" for i in range(40)))
    assert not is_container(data)
    assert read(data, "x.mht").lines[0].text == "我局将于2025年底前完成第0项工作，并会同区财政局落实资金。"


def test_a_photograph_pasted_under_a_note_is_the_letter():
    (member,) = unpack(saved_page("<p>请查收。</p>"), "x.eml")
    assert member.name == "attachment.png"
