"""The search that proves a secret letter's absence finds one that is there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.store.byte_search import byte_search

SECRET = "青岗岭第七号储备库"


@pytest.mark.parametrize(
    "content",
    [
        b"\0\1" + SECRET.encode("utf-8"),
        SECRET.encode("gb18030") + b"x",
        b"x" + SECRET.encode("utf-16-le"),
        SECRET.encode("utf-16-be"),
        json.dumps({"text": SECRET}).encode("ascii"),
        b"x-amz-meta-name: " + quote(SECRET).encode("ascii"),
        b"xx" + gzip.compress((SECRET * 50).encode("gb18030")),
    ],
)
def test_it_is_found(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(content)
    assert set(byte_search([tmp_path], [SECRET])) == {f"{tmp_path / 'in' / 'a'}: {SECRET}"}
    assert byte_search([tmp_path], ["另一句话"]) == []


def test_raw_bytes_are_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    assert byte_search([tmp_path], [], [b"345"]) == [f"{tmp_path / 'a'}: raw bytes"]
