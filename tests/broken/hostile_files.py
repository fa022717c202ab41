"""Files made to hurt: bombs, loops, entities, names that climb; each is small and made here."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image

from tests.reading.sample_files import bundle

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(objects: dict[int, bytes], root: int = 1) -> bytes:
    """A PDF of these objects with a true cross-reference table."""
    out, places = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, count = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    for number in range(1, count):
        out += b"%010d 00000 %s \n" % (places.get(number, 0), b"n" if number in places else b"f")
    return out + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, root, start)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    packed = zlib.compress(data, 9)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), extra, packed)


def pages(count: int) -> bytes:
    """``count`` pages that share one content."""
    kids = b" ".join(b"%d 0 R" % (i + 10) for i in range(count))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        3: stream(b"BT ET"),
    }
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R>>"
    return pdf(objects | {i + 10: page for i in range(count)})


def one_page(content: bytes, extra: dict[int, bytes] | None = None, resources: bytes = b"<<>>") -> bytes:
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        3: content,
        4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R/Resources%s>>" % resources,
    }
    return pdf(objects | (extra or {}))


def page_tree_loop() -> bytes:
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]/Parent 2 0 R>>"})


def form_loop() -> bytes:
    """A drawing that draws itself, many times over."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"
    return one_page(stream(b"/F Do "), {5: stream(b"/F Do " * 200, form)}, b"<</XObject<</F 5 0 R>>>>")


def stream_bomb(megabytes: int) -> bytes:
    """A page whose few bytes of content unpack to ``megabytes`` of drawing."""
    return one_page(stream(b"0 0 m 9 9 l S\n" * (megabytes * 2**20 // 14)))


def script_pdf() -> bytes:
    font = {6: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
    text = stream(b"BT /F 16 Tf 79 700 Td (Reply No. 12 of 2024) Tj ET")
    script = b"<</S/JavaScript/JS(app.launchURL\\('http://example.invalid'\\))>>"
    data = one_page(text, font | {7: script}, b"<</Font<</F 6 0 R>>>>")
    return data.replace(b"/Pages 2 0 R>>", b"/Pages 2 0 R/OpenAction 7 0 R>>")


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises this many pixels and whose data are missing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def bomb(megabytes: int) -> bytes:
    """A bundle with a file of zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("答复.txt", "w") as member:
        for _ in range(megabytes):
            member.write(bytes(2**20))
    return out.getvalue()


def nested(depth: int) -> bytes:
    data = bundle({"答复.txt": b"x"})
    for _ in range(depth - 1):
        data = bundle({"inner.zip": data})
    return data


def locked_zip() -> bytes:
    """The flag of encryption set on its one member."""
    data = bytearray(bundle({"a.txt": b"x" * 50}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark)
        data[at + place] |= 1
    return bytes(data)


def many_members_claimed() -> bytes:
    """An end record that promises a directory of 3 GB."""
    return b"PK\x03\x04" + b"\0" * 64 + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 3 * 10**9, 4, 0)


def nameless(data: bytes) -> bytes:
    """The archive with one more member, whose name ends before its first character."""
    out = io.BytesIO(data)
    member = zipfile.ZipInfo("x")
    member.filename = "\0x"
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(member, b"x")
    return out.getvalue()


def tiff_without_its_second_size() -> bytes:
    """Two frames, the second one's directory without the tag of its width."""
    out = io.BytesIO()
    frame = Image.new("1", (40, 30))
    frame.save(out, "TIFF", save_all=True, append_images=[frame])
    data = bytearray(out.getvalue())
    second = _directories(bytes(data))[1]
    (count,) = struct.unpack_from("<H", data, second)
    for at in range(second + 2, second + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, at)[0] == 0x100:
            struct.pack_into("<H", data, at, 0x8001)
    return bytes(data)


def _directories(tiff: bytes) -> list[int]:
    found, at = [], struct.unpack_from("<I", tiff, 4)[0]
    while at:
        found.append(at)
        at = struct.unpack_from("<I", tiff, at + 2 + 12 * struct.unpack_from("<H", tiff, at)[0])[0]
    return found


def docx(document: bytes, **parts: bytes) -> bytes:
    return bundle({"word/document.xml": document} | {f"word/{name}": data for name, data in parts.items()})


def entity_bomb() -> bytes:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha" * 10}">' for i in range(10))
    return docx(f'<!DOCTYPE w [{entities}]><w:document xmlns:w="{W}"><w:body>&e9;</w:body></w:document>'.encode())


def external_entity() -> bytes:
    return docx(
        f'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&x;</w:t>'
        "</w:r></w:p></w:body></w:document>".encode()
    )


def utf16_entity() -> bytes:
    return docx('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w [<!ENTITY x "y">]><w>&x;</w>'.encode("utf-16"))


def deep_xml(depth: int) -> bytes:
    head = f'<w:document xmlns:w="{W}"><w:body>'.encode()
    return docx(head + b"<w:sdt>" * depth + b"</w:sdt>" * depth + b"</w:body></w:document>")


def deep_html(depth: int) -> bytes:
    return b"<html><body>" + b"<div>" * depth + "答复".encode() + b"</div>" * depth + b"</body></html>"


def deep_mail(depth: int) -> bytes:
    head = b"From: a@example.invalid\nTo: b@example.invalid\nSubject: x\n"
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth))
    return head + parts + b"Content-Type: text/plain\n\nx\n"
