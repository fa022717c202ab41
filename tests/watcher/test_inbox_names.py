"""The table of names proves itself: every row hits what it should and misses what it must not touch."""

from __future__ import annotations

import pytest

from flows.adapters import inbox_names
from flows.adapters.inbox_names import ignored, is_heavy, matches

IGNORED = inbox_names.table()["ignored"]
HEAVY = inbox_names.table()["heavy"]


@pytest.mark.parametrize("row", IGNORED, ids=lambda row: f"{row['of']} {row['pattern']}")
def test_an_ignored_name(row: dict[str, object]) -> None:
    assert [name for name in row["hits"] if not matches(row["pattern"], name)] == []
    assert [name for name in row["misses"] if matches(row["pattern"], name)] == []
    assert [name for name in row["hits"] if ignored(name, row["of"]) is None] == []


@pytest.mark.parametrize("row", HEAVY, ids=lambda row: row["pattern"])
def test_a_heavy_name(row: dict[str, object]) -> None:
    assert [name for name in row["hits"] if not matches(row["pattern"], name)] == []
    assert [name for name in row["misses"] if matches(row["pattern"], name)] == []
    assert all(is_heavy(name) for name in row["hits"])


@pytest.mark.parametrize("name", ["答复.pdf", "答复.ofd", "答复.xyz", "答复", "README", "关于“十四五”的答复（2）.docx"])
def test_a_letter_of_any_format_is_taken(name: str) -> None:
    """Row 19: what no reader knows goes to quarantine with its reason; it is not passed over in silence."""
    assert ignored(name, "file") is None


def test_a_folder_is_not_judged_as_a_file() -> None:
    assert ignored("2024.tmp", "folder") is None
    assert ignored("@eaDir", "file") is None
