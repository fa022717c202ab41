"""Settling is pure: files, stamps and moments in, a verdict out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.adapters.inbox_files import Stamp
from flows.inbox_settling import Settling

A = Path("答复.pdf")
STAMP = Stamp(device=1, inode=7, size=100, mtime_ns=5, ctime_ns=5)


def test_unchanged_for_the_settle_time() -> None:
    settling = Settling(2.0)
    assert [settling.observe(A, STAMP, now) for now in (10.0, 11.0, 11.99, 12.0)] == [False, False, False, True]
    assert A not in settling


@pytest.mark.parametrize("field", ["device", "inode", "size", "mtime_ns", "ctime_ns"])
def test_any_change_starts_the_time_anew(field: str) -> None:
    settling = Settling(2.0)
    changed = replace(STAMP, **{field: 99})
    assert not settling.observe(A, STAMP, 10.0)
    assert not settling.observe(A, changed, 12.5)
    assert settling.next_due() == 14.5
    assert settling.observe(A, changed, 14.5)


def test_an_old_date_proves_nothing() -> None:
    """Row 16: copies keep their dates; only what we saw ourselves counts."""
    settling = Settling(2.0)
    assert not settling.observe(A, replace(STAMP, mtime_ns=0), 1_000_000.0)
    assert settling.next_due() == 1_000_002.0


def test_an_overwrite_that_keeps_size_and_date_is_a_change() -> None:
    """Row 7: the ctime tells, and no program can set it."""
    settling = Settling(2.0)
    assert not settling.observe(A, STAMP, 0.0)
    assert not settling.observe(A, replace(STAMP, ctime_ns=6), 2.0)


def test_renamed_into_place_is_settled_at_once() -> None:
    assert Settling(3600.0).observe(A, STAMP, 0.0, placed=True)


def test_held_is_settled_at_the_next_hint() -> None:
    settling = Settling(2.0)
    settling.hold(A, STAMP, 10.0, 5.0)
    assert settling.next_due() == 15.0
    assert settling.observe(A, STAMP, 10.1)


def test_resting_is_not_settled_by_a_hint() -> None:
    settling = Settling(2.0)
    settling.rest(A, STAMP, 10.0, 5.0)
    assert not settling.observe(A, STAMP, 14.9)
    assert settling.due(15.0) == [A]
    assert settling.observe(A, STAMP, 15.0)


def test_a_forgotten_file_never_falls_due() -> None:
    settling = Settling(2.0)
    settling.observe(A, STAMP, 0.0)
    settling.forget(A)
    assert (settling.next_due(), settling.due(99.0), len(settling)) == (None, [], 0)


MOMENTS = st.floats(min_value=0.001, max_value=3.0)
LOOKS = st.lists(st.tuples(MOMENTS, st.sampled_from("ab"), st.integers(0, 2)), max_size=60)


@given(LOOKS, st.floats(min_value=0.01, max_value=4.0))
@settings(max_examples=200, deadline=None)
def test_settled_exactly_when_the_last_change_seen_is_long_enough_ago(
    looks: list[tuple[float, str, int]], settle: float
) -> None:
    settling = Settling(settle)
    changed: dict[str, tuple[Stamp, float]] = {}
    now = 100.0
    for step, name, version in looks:
        now += step
        stamp = replace(STAMP, size=version)
        if changed.get(name, (None, 0.0))[0] != stamp:
            changed[name] = (stamp, now)
        expected = now >= changed[name][1] + settle
        assert settling.observe(Path(name), stamp, now) == expected
        if expected:
            del changed[name]
    assert len(settling) == len(changed)
    assert settling.next_due() == min((since + settle for _, since in changed.values()), default=None)


@given(LOOKS)
@settings(max_examples=100, deadline=None)
def test_who_looks_only_when_due_settles_every_file(looks: list[tuple[float, str, int]]) -> None:
    """No file is forgotten: whatever happened before, looking at what falls due empties the book."""
    settling = Settling(1.0)
    now = 0.0
    last: dict[Path, Stamp] = {}
    for step, name, version in looks:
        now += step
        stamp = replace(STAMP, size=version)
        last[Path(name)] = stamp
        settling.observe(Path(name), stamp, now)
    for _ in range(3):
        if (due := settling.next_due()) is None:
            break
        now = max(now, due)
        for path in settling.due(now):
            settling.observe(path, last[path], now)
    assert len(settling) == 0
