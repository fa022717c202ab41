"""Reader processes: warm, bounded, killed when late, replaced when dead; scans never hold up text."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil
import pytest

from flows.adapters.reading_pool import Bounds, Worker
from flows.adapters.reading_process import FileReader, Limits
from flows.letters.errors import Unavailable, UnreadableLetter
from tests.broken.hostile_files import form_loop, stream_bomb
from tests.reading.sample_files import clean_text, docx_file, typst_pdf

TEXT = clean_text("010-jianghai-odor")


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def make():
    made = []

    def build(**limits) -> FileReader:
        made.append(FileReader(Limits(**limits)))
        return made[-1]

    yield build
    for reader in made:
        reader.close()


def test_plain_text_needs_no_process(make):
    before = children()
    assert make()(TEXT.encode(), "x.txt").lines[0].text == TEXT.split("\n")[0]
    assert children() == before


def test_a_process_is_kept_for_the_next_letter_and_ends_with_its_reader(make):
    before, reader = children(), make()
    reader(docx_file(TEXT), "a.docx")
    first = children() - before
    reader(typst_pdf(TEXT), "b.pdf")
    assert children() - before == first
    assert len(first) == 1
    reader.close()
    assert children() == before


def test_the_answer_is_the_readers_own_value(make):
    from flows.letters.reading import read

    data = typst_pdf(TEXT)
    assert make()(data, "x.pdf") == read(data, "x.pdf")


def test_a_process_that_died_is_replaced(make):
    before, reader = children(), make(readers=1)
    data = docx_file(TEXT)
    reader(data, "a.docx")
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert reader(data, "b.docx").lines


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"cpu_seconds": 1, "wall_seconds": 60}, "cpu limit"),
        ({"cpu_seconds": 60, "wall_seconds": 0.7}, "timeout"),
    ],
)
def test_a_file_that_takes_too_long_is_refused_and_the_next_is_read(make, limits, found):
    reader = make(readers=1, **limits)
    with pytest.raises(UnreadableLetter) as caught:
        reader(form_loop(), "loop.pdf")
    assert caught.value.facts["found"] == found
    assert make(readers=1)(docx_file(TEXT), "next.docx").lines


def test_a_file_that_needs_too_much_memory_is_refused(make):
    reader = make(readers=1, memory=300 * 2**20)
    with pytest.raises(UnreadableLetter) as caught:
        reader(stream_bomb(600), "bomb.pdf")
    assert caught.value.facts["found"] in ("crash", "memory limit", "failure")
    assert reader(docx_file(TEXT), "next.docx").lines


def test_many_threads_share_the_pool(make):
    reader = make(readers=2)
    before, data = children(), docx_file(TEXT)
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(len(reader(data, "x.docx").lines))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [len(TEXT.split("\n"))] * 8
    assert len(children() - before) <= 2


def test_letters_are_read_while_every_recogniser_is_busy(make):
    reader = make(recognisers=1)
    with reader._recognisers.worker("held"):
        began = time.monotonic()
        assert reader(typst_pdf(TEXT), "x.pdf").lines
        assert time.monotonic() - began < 20


def test_a_reader_ended_from_outside_is_not_the_letters_fault(make):
    before, reader = children(), make(readers=1, cpu_seconds=60)
    reader(docx_file(TEXT), "a.docx")
    (pid,) = children() - before
    killer = threading.Timer(0.3, os.kill, [pid, signal.SIGTERM])
    killer.start()
    with pytest.raises(Unavailable, match="from outside"):
        reader(form_loop(), "loop.pdf")
    killer.join()


def test_a_reader_that_cannot_start_is_not_the_letters_fault():
    before = children()
    with pytest.raises(Unavailable, match="does not start"):
        Worker(Bounds(2**30, 5, 5.0), "no such role")
    assert children() == before


def test_a_file_larger_than_any_letter_is_refused(make):
    with pytest.raises(UnreadableLetter) as caught:
        make(file_bytes=1000)(b"x" * 1001, "x.txt")
    assert caught.value.facts["found"] == "too large"
