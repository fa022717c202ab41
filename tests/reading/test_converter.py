"""RTF and old Word by way of LibreOffice: read to the character, shut off from everything, ended with its children."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docx
import psutil
import pytest

from flows.adapters import converter
from flows.adapters.reading_process import FileReader
from flows.letters.errors import UnreadableLetter
from flows.letters.mending import mend
from flows.letters.reading import read
from tests.reading.office_files import doc_by_libreoffice, doc_file, ole_file, rtf_file
from tests.reading.sample_files import clean_text, docx_file

needs_libreoffice = pytest.mark.skipif(
    converter.available()["LibreOffice"] is None and not os.environ.get("DUBAN_TEST_EVERYTHING"), reason="needs LibreOffice"
)
LETTER = clean_text("005-qianhu-schools")


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    made = FileReader()
    yield made
    made.close()


def test_there_is_one_converter_and_where_it_is_is_told() -> None:
    (place,) = converter.available().values()
    assert place is None or place.startswith("/")


def test_without_a_converter_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converter, "_PROGRAMS", ("no-such-office",))
    assert converter.available() == {"LibreOffice": None}
    with pytest.raises(UnreadableLetter, match="install libreoffice-writer-nogui"):
        converter.to_docx(b"{\\rtf1}", "rtf", "x.rtf")


@needs_libreoffice
def test_a_letter_in_rtf_is_read_to_the_character(reader: FileReader) -> None:
    text = LETTER + "\n任务 | 时限\n新建公厕 | 年底前\n㙦镇与𠮷田路的“一事一议”——〇号工程。"
    source = reader(rtf_file(text), "答复.rtf")
    assert mend(source).text == mend(read(text.encode(), "x")).text
    assert source.media_type == "application/rtf"
    assert "libreoffice" in source.reader.name


@needs_libreoffice
@pytest.mark.parametrize("name", ["答复.doc", "答复.wps", "答复.txt"])
def test_a_real_old_word_file_is_read_under_any_name(reader: FileReader, name: str) -> None:
    data = doc_by_libreoffice(docx_file(LETTER))
    source = reader(data, name)
    assert mend(source).text == mend(read(LETTER.encode(), "x")).text == mend(read(data, name)).text
    assert source.media_type == "application/msword"


@needs_libreoffice
def test_automatic_numbers_of_an_old_word_file_are_read_without_a_converter(reader: FileReader) -> None:
    made = docx.Document()
    for words, style in (("修路", "List Number"), ("建桥", "List Number"), ("点", "List Bullet"), ("细项", "List Number 2")):
        made.add_paragraph(words, style=style)
    source = reader(doc_by_libreoffice(_bytes_of(made)), "答复.doc")
    assert [line.text for line in source.lines if line.text.strip()] == ["1.修路", "2.建桥", "点", "1.细项"]
    assert (source.problems, source.media_type, source.reader.name) == ((), "application/msword", "doc")


def _bytes_of(document) -> bytes:
    import io

    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@needs_libreoffice
@pytest.mark.parametrize(
    "data",
    [b"{\\rtf1" + b"{" * 200_000, b"{\\rtf1", ole_file({"WordDocument": b"\xec\xa5\x68\0" + bytes(range(256)) * 64})],
    ids=["nested", "cut off", "garbage as Word 95"],
)
def test_what_libreoffice_makes_nothing_of_is_refused(reader: FileReader, data: bytes) -> None:
    with pytest.raises(UnreadableLetter):
        reader(data, "x")


@needs_libreoffice
def test_what_says_it_is_word_95_and_can_be_read_is_read(reader: FileReader) -> None:
    assert [line.text for line in reader(doc_file("关于提案的答复", version=0x68), "x").lines] == ["关于提案的答复"]


@needs_libreoffice
def test_links_of_an_rtf_are_not_followed(reader: FileReader, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("别处的文字")
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[bytes] = []

        def listen() -> None:
            with server.accept()[0] as caller:
                asked.append(caller.recv(100))

        threading.Thread(target=listen, daemon=True).start()
        here = f"http://127.0.0.1:{server.getsockname()[1]}"
        fields = (f'INCLUDEPICTURE "{here}/a.png" \\\\d', f'INCLUDETEXT "{tmp_path}/secret.txt"', f'INCLUDETEXT "{here}/b.rtf"')
        words = "".join(f"{{\\field{{\\*\\fldinst {{ {field} }}}}{{\\fldrslt x}}}}\\par " for field in fields)
        source = reader(f"{{\\rtf1\\ansi{{\\*\\template {here}/c.dot}} letter\\par {words}}}".encode(), "x.rtf")
    assert asked == []
    assert "letter" in source.lines[0].text
    assert not any("别处" in line.text for line in source.lines)


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of LibreOffice's name, to see what it is given: its last argument is the file."""
    program = folder / "soffice"
    program.write_text(f'#!/bin/sh\nfor file; do :; done\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def running(word: str) -> list[psutil.Process]:
    """What is alive with this word in its command."""
    return [one for one in psutil.process_iter(["cmdline"]) if word in (one.info["cmdline"] or ())]


def still_running(word: str) -> list[psutil.Process]:
    """The same, five seconds being enough to end."""
    return list(psutil.wait_procs(running(word), timeout=5)[1])


def test_the_program_has_limits_no_network_and_none_of_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = 'out="${file%.*}.docx"; (ulimit -v; ulimit -t; cat /proc/net/dev; env) > "$out"'
    stand_in(tmp_path, told, monkeypatch)
    monkeypatch.setenv("DUBAN_WEBHOOK_SECRET", "/etc/secret")
    found = converter.to_docx(b"{\\rtf1}", "rtf", "x.rtf").decode()
    memory, seconds, *rest = found.splitlines()
    assert (int(memory), int(seconds)) == (2**20, 60)
    assert not any(word in found for word in ("DUBAN_", "AWS_", "PREFECT_"))
    places = [line.split(":")[0].strip() for line in rest if ":" in line and "|" not in line and "=" not in line]
    if "cut off" in (converter.available()["LibreOffice"] or ""):
        assert set(places) <= {"lo", "sit0", "tunl0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0"}
    else:
        assert "no network namespaces" in (converter.available()["LibreOffice"] or "")  # duban doctor says so


def test_one_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "sleep 86399 & sleep 86399", monkeypatch)
    monkeypatch.setattr(converter, "_SECONDS", 1.0)
    with pytest.raises(UnreadableLetter, match="more than 1 s"):
        converter.to_docx(b"{\\rtf1}", "rtf", "x.rtf")
    assert still_running("86399") == []


def test_what_a_program_leaves_running_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, 'sleep 86398 & echo x > "${file%.*}.docx"', monkeypatch)
    assert converter.to_docx(b"{\\rtf1}", "rtf", "x.rtf") == b"x\n"
    assert still_running("86398") == []


def test_it_ends_when_we_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "sleep 86397", monkeypatch)
    if "cut off" not in (converter.available()["LibreOffice"] or ""):
        pytest.skip("needs namespaces, which this machine does not give")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ours = "from flows.adapters import converter; converter.to_docx(b'{', 'rtf', 'x')"
    worker = subprocess.Popen([sys.executable, "-c", ours])
    until = time.monotonic() + 30
    while not (found := running("86397")) and time.monotonic() < until:
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    assert found
    assert psutil.wait_procs(found, timeout=5)[1] == []
