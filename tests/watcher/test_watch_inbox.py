"""The watcher on real folders and real inotify: each way a folder watcher is known to lose or bite a letter."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from flows.adapters.inbox_folder import InboxFolder
from flows.letters.errors import Unavailable
from flows.watch_inbox import InboxWatch
from tests.watcher.waiting import NEVER, PATIENCE, paths, taken, wait_for

Watching = Callable[..., InboxWatch]


def write(path: Path, data: bytes = "答复".encode()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# -- what is taken, and when ------------------------------------------------------------------------------------------


def test_a_new_file_is_handed_out_once_it_has_settled(watching: Watching, inbox: Path) -> None:
    watch = watching()
    write(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]
    assert watch.take(limit=1, timeout=0) == []
    health = watch.health()
    assert (health.alive, health.trouble, health.in_flight, health.ready) == (True, None, 1, 0)
    assert (health.seen, health.handed_out, health.rescan_finds, health.lost) == (1, 1, 0, {})


def test_the_hand_out_follows_the_settle_time_at_once(watching: Watching, inbox: Path) -> None:
    """The best of several, so that a busy machine does not fail it; a coarse poll never would pass."""
    watch = watching(settle_seconds=0.2)
    late = []
    for number in range(5):
        write(inbox / f"{number}.txt")
        written = time.monotonic()
        assert len(taken(watch, 1)) == 1
        late.append(time.monotonic() - written - 0.2)
    assert -0.05 < min(late) < 0.1


def test_files_that_lay_there_before_the_start(watching: Watching, inbox: Path) -> None:
    """Row 13: dropped while the watcher was down."""
    write(inbox / "a.txt")
    write(inbox / "2024" / "b.txt")
    assert paths(taken(watching(), 2)) == ["2024/b.txt", "a.txt"]


def test_a_file_with_an_old_date_is_found_and_must_settle_too(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 16: `cp -p`, rsync and unpacked archives keep their dates."""
    watch = watching(settle_seconds=NEVER)
    os.utime(write(inbox / "a.txt"), (0, 0))
    wait_for(lambda: watch.health().unsettled == 1)
    watch.close()
    assert paths(taken(watching(), 1)) == ["a.txt"]


def test_a_rename_from_outside_is_taken_at_once(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 4: no settle time could pass here."""
    watch = watching(settle_seconds=NEVER)
    write(home / "a.txt").rename(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_a_rename_inside_is_taken_at_once(watching: Watching, inbox: Path) -> None:
    """Row 4: browsers, FTP clients and rsync write aside, then rename."""
    watch = watching(settle_seconds=NEVER)
    write(inbox / "a.txt.part").rename(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_a_drop_is_taken_at_once(watching: Watching, folder: InboxFolder) -> None:
    (folder.root / "2024").mkdir()
    watch = watching(settle_seconds=NEVER)
    folder.drop(b"1", "2024/a.txt")
    folder.drop(b"2", "b.txt")
    assert paths(taken(watch, 2)) == ["2024/a.txt", "b.txt"]


def test_a_hard_link_is_taken(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 4."""
    watch = watching()
    (inbox / "a.txt").hardlink_to(write(home / "a.txt"))
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_a_file_renamed_away_holds_up_nobody(watching: Watching, inbox: Path, home: Path) -> None:
    """watchdog waits half a second to see whether it turns up again, and everything behind it waits too."""
    watch = watching()
    write(inbox / "a.txt")
    assert len(taken(watch, 1)) == 1
    late = []
    for number in range(5):
        write(inbox / f"{number}.txt.part").rename(home / f"{number}.txt")
        write(home / "aside.txt").rename(inbox / f"{number}.txt")
        placed = time.monotonic()
        assert paths(taken(watch, 1)) == [f"{number}.txt"]
        late.append(time.monotonic() - placed)
    assert min(late) < 0.3


# -- what is not taken yet ------------------------------------------------------------------------------------------


def test_a_slow_writer_is_not_bitten(watching: Watching, inbox: Path) -> None:
    """Row 11: three chunks, pauses far longer than the settle time, the file open all the while."""
    watch = watching(settle_seconds=0.02)
    with (inbox / "a.txt").open("wb", buffering=0) as slow:
        for chunk in (b"1", b"2", b"3"):
            slow.write(chunk)
            assert watch.take(limit=1, timeout=0.1) == []
    assert [seen.size for seen in taken(watch, 1)] == [3]


def test_a_writer_that_comes_back_within_the_settle_time_is_not_bitten(watching: Watching, inbox: Path) -> None:
    """Row 11: who opens and closes the file for every chunk is told from one who has finished only by time."""
    watch = watching(settle_seconds=0.5)
    for size in (1, 2, 3):
        with (inbox / "a.txt").open("ab") as slow:
            slow.write(b"x")
        assert watch.take(limit=1, timeout=0.1) == []
        assert (inbox / "a.txt").stat().st_size == size
    assert [seen.size for seen in taken(watch, 1)] == [3]


def test_a_file_held_open_is_taken_when_it_is_closed(watching: Watching, inbox: Path) -> None:
    """Row 12: not ready once does not mean never."""
    watch = watching(settle_seconds=0.02)
    writer = (inbox / "a.txt").open("wb", buffering=0)
    writer.write(b"1")
    assert watch.take(limit=1, timeout=0.3) == []
    writer.close()
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_a_file_that_changes_before_it_is_taken_settles_anew(watching: Watching, inbox: Path) -> None:
    watch = watching(settle_seconds=0.3)
    write(inbox / "a.txt", b"1")
    wait_for(lambda: watch.health().ready == 1)
    write(inbox / "a.txt", b"12")
    wait_for(lambda: watch.health().ready == 0)
    assert [seen.size for seen in taken(watch, 1)] == [2]


def test_temporary_and_hidden_names_wait_for_their_rename(watching: Watching, inbox: Path) -> None:
    watch = watching()
    for name in (".a.txt", "~$a.docx", "a.pdf.crdownload"):
        write(inbox / name)
    write(inbox / "z.txt")
    assert paths(taken(watch, 1)) == ["z.txt"]
    (inbox / "a.pdf.crdownload").rename(inbox / "a.pdf")
    assert paths(taken(watch, 1)) == ["a.pdf"]


# -- once ------------------------------------------------------------------------------------------------------------


def test_many_events_for_one_file_hand_it_out_once(watching: Watching, inbox: Path) -> None:
    """Row 15: virus scanners, network disks and several closes."""
    watch = watching()
    write(inbox / "a.txt")
    for _ in range(50):
        (inbox / "a.txt").open("ab").close()
        (inbox / "a.txt").chmod(0o644)
    assert paths(taken(watch, 1)) == ["a.txt"]
    (inbox / "a.txt").open("ab").close()
    write(inbox / "b.txt")
    assert paths(taken(watch, 1)) == ["b.txt"]


def test_a_file_in_flight_is_given_to_nobody_else(watching: Watching, inbox: Path) -> None:
    watch = watching(sweep_seconds=0.05)
    write(inbox / "a.txt")
    assert len(taken(watch, 1)) == 1
    sweeps = watch.health().sweeps
    wait_for(lambda: watch.health().sweeps > sweeps + 2)
    assert watch.take(limit=1, timeout=0) == []


def test_what_was_cleared_is_forgotten(watching: Watching, inbox: Path) -> None:
    watch = watching()
    path = write(inbox / "a.txt")
    seen = taken(watch, 1)
    path.unlink()
    watch.release(seen)
    wait_for(lambda: watch.health().in_flight == 0)
    assert (watch.health().unsettled, watch.health().ready) == (0, 0)


def test_a_correction_of_the_same_name_is_a_letter_of_its_own(watching: Watching, inbox: Path, home: Path) -> None:
    watch = watching()
    write(inbox / "a.txt", b"1")
    seen = taken(watch, 1)
    write(home / "new", b"12").rename(inbox / "a.txt")
    watch.release(seen)
    assert [one.size for one in taken(watch, 1)] == [2]


def test_what_could_not_go_on_is_offered_again(watching: Watching, inbox: Path) -> None:
    """Row 12: after the time asked for."""
    watch = watching()
    write(inbox / "a.txt")
    for _ in range(3):
        seen = taken(watch, 1)
        watch.release(seen, retry_after=0.01)
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_what_never_goes_on_rests_longer_each_time(watching: Watching, inbox: Path) -> None:
    """Row 18: it is not tried in a tight circle."""
    watch = watching(sweep_seconds=0.05)
    write(inbox / "a.txt")
    moments = []
    for _ in range(5):
        seen = taken(watch, 1)
        moments.append(time.monotonic())
        watch.release(seen)
    rests = [later - earlier for earlier, later in pairwise(moments)]
    assert [rest >= least for rest, least in zip(rests, (0.05, 0.1, 0.2, 0.4), strict=True)] == [True] * 4


# -- folders ---------------------------------------------------------------------------------------------------------


def test_files_in_folders_made_just_before_them(watching: Watching, inbox: Path) -> None:
    """Row 2: 200 at once; no event need tell that such a file was closed."""
    watch = watching()
    for number in range(200):
        write(inbox / str(number) / "deep" / "a.txt")
    assert len(taken(watch, 200)) == 200
    assert watch.health().sweeps == 1


def test_a_folder_moved_in_and_what_comes_into_it_later(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 3."""
    watch = watching()
    write(home / "batch" / "deep" / "a.txt")
    (home / "batch").rename(inbox / "batch")
    assert paths(taken(watch, 1)) == ["batch/deep/a.txt"]
    write(inbox / "batch" / "deep" / "b.txt")
    assert paths(taken(watch, 1)) == ["batch/deep/b.txt"]
    assert watch.health().sweeps == 1


def test_a_folder_renamed_inside_and_what_comes_into_it_later(watching: Watching, inbox: Path) -> None:
    watch = watching()
    write(inbox / "old" / "a.txt")
    seen = taken(watch, 1)
    (inbox / "old").rename(inbox / "new")
    assert paths(taken(watch, 1)) == ["new/a.txt"]
    watch.release(seen)
    write(inbox / "new" / "b.txt")
    assert paths(taken(watch, 1)) == ["new/b.txt"]


def test_a_hidden_folder_is_not_entered(watching: Watching, inbox: Path) -> None:
    watch = watching()
    write(inbox / ".Trash-1000" / "a.txt")
    write(inbox / "z.txt")
    assert paths(taken(watch, 1)) == ["z.txt"]


# -- the sweep, and the folder itself -----------------------------------------------------------------------------------


def test_a_missed_file_is_found_by_the_sweep_and_counted(watching: Watching, inbox: Path) -> None:
    """The file comes where no event tells of it: in polling, long before the next poll."""
    watch = watching(polling=True, poll_seconds=NEVER, sweep_seconds=0.1)
    wait_for(lambda: watch.health().sweeps >= 1)
    write(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]
    assert watch.health().rescan_finds == 1


@pytest.mark.parametrize("how", ["deleted and made again", "renamed and made again"])
def test_an_inbox_that_is_replaced_is_watched_again(watching: Watching, inbox: Path, home: Path, how: str) -> None:
    """Rows 6 and 14: watchdog goes on watching the old folder, or nothing, and says it is alive."""
    watch = watching()
    if how.startswith("deleted"):
        inbox.rmdir()
    else:
        inbox.rename(home / "old")
    inbox.mkdir()
    write(inbox / "early.txt")
    assert paths(taken(watch, 1)) == ["early.txt"]
    wait_for(lambda: watch.health().restarts == 1)
    write(inbox / "late.txt")
    assert paths(taken(watch, 1)) == ["late.txt"]
    assert watch.health().trouble is None


def test_an_inbox_that_is_away_is_said_to_be_and_comes_back(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 6: a share that is unmounted for a while."""
    watch = watching()
    inbox.rename(home / "away")
    wait_for(lambda: watch.health().trouble)
    assert "away" in str(watch.health().trouble)
    assert watch.health().alive
    write(home / "away" / "a.txt")
    (home / "away").rename(inbox)
    assert paths(taken(watch, 1)) == ["a.txt"]
    wait_for(lambda: watch.health().trouble is None)


def test_polling_finds_new_files_changes_and_renames(watching: Watching, inbox: Path) -> None:
    """Rows 7 and 9: it never tells that a file was closed, and takes a new file in an old inode for a rename."""
    watch = watching(polling=True)
    assert watch.health().polling
    write(inbox / "2024" / "a.txt", b"1")
    seen = taken(watch, 1)
    assert paths(seen) == ["2024/a.txt"]
    write(inbox / "2024" / "a.txt", b"12")
    watch.release(seen)
    assert [one.size for one in taken(watch, 1)] == [2]
    write(inbox / "b.txt.part").rename(inbox / "b.txt")
    assert paths(taken(watch, 1)) == ["b.txt"]


def test_an_overwrite_of_the_same_size_and_date_is_seen_under_polling(watching: Watching, inbox: Path) -> None:
    """Row 7: no event tells; the scan compares the ctime."""
    watch = watching(polling=True, sweep_seconds=0.1)
    path = write(inbox / "a.txt", b"1")
    seen = taken(watch, 1)
    watch.release(seen, retry_after=NEVER)
    wait_for(lambda: watch.health().in_flight == 0)
    dates = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_bytes(b"2")
    os.utime(path, ns=dates)
    assert paths(taken(watch, 1)) == ["a.txt"]


MOUNTS = "22 1 254:0 / / rw - ext4 /dev/vda rw\n90 22 0:48 / {} rw - cifs //server/share rw\n"


def test_an_inbox_on_a_network_share_is_polled_without_being_told_to(watching: Watching, inbox: Path) -> None:
    """Row 9."""
    watch = watching(mountinfo=lambda: MOUNTS.format(inbox))
    assert watch.health().polling
    write(inbox / "a.txt")
    assert paths(taken(watch, 1)) == ["a.txt"]


def test_a_share_inside_a_local_inbox_is_polled_beside_it(watching: Watching, inbox: Path, home: Path) -> None:
    """Row 10: each part in its own way.  Here the share comes while the watcher runs."""
    (inbox / "share").mkdir()
    mounts = [MOUNTS.format("/elsewhere")]
    watch = watching(mountinfo=lambda: mounts[-1])
    assert not watch.health().polling
    mounts.append(MOUNTS.format(inbox / "share"))
    wait_for(lambda: watch.health().polling)
    write(home / "a.txt").rename(inbox / "a.txt")
    write(inbox / "share" / "b.txt")
    assert paths(taken(watch, 2)) == ["a.txt", "share/b.txt"]


# -- faults of one do not stop the others --------------------------------------------------------------------------------


def test_names_that_are_no_text_are_handed_out_as_text(watching: Watching, inbox: Path) -> None:
    """Row 20, for names; row 24: they would stop the run of all the others."""
    watch = watching()
    write(inbox / os.fsdecode("甲/答复.txt".encode("gb18030")))
    write(inbox / "a.txt")
    assert paths(taken(watch, 2)) == ["a.txt", "甲/答复.txt"]


def test_a_folder_that_vanishes_while_it_is_looked_at_stops_nobody(watching: Watching, inbox: Path) -> None:
    watch = watching(sweep_seconds=0.01)
    for number in range(100):
        path = write(inbox / f"{number}" / "a.txt")
        path.unlink()
        path.parent.rmdir()
    write(inbox / "z.txt")
    assert "z.txt" in paths(taken(watch, 1))
    assert watch.health().trouble is None


def test_who_has_room_for_one_kind_takes_no_other(watching: Watching, inbox: Path) -> None:
    watch = watching()
    for name in ("a.txt", "b.pdf", "c.docx", "d.tif", "e.txt"):
        write(inbox / name)
    wait_for(lambda: watch.health().ready == 5)
    assert paths(watch.take(limit=9, timeout=0, heavy=True)) == ["b.pdf", "d.tif"]
    assert len(watch.take(limit=2, timeout=0, heavy=False)) == 2
    assert watch.take(limit=9, timeout=0, heavy=True) == []
    assert len(watch.take(limit=9, timeout=0)) == 1
    assert watch.health().in_flight == 5


def test_those_who_wait_for_either_kind_are_all_woken(watching: Watching, inbox: Path) -> None:
    watch = watching()
    with ThreadPoolExecutor(2) as pool:
        waiting = {heavy: pool.submit(watch.take, limit=1, timeout=PATIENCE, heavy=heavy) for heavy in (True, False)}
        write(inbox / "a.txt")
        write(inbox / "b.pdf")
        assert {heavy: paths(found.result()) for heavy, found in waiting.items()} == {True: ["b.pdf"], False: ["a.txt"]}


def test_take_says_when_the_watcher_is_gone(folder: InboxFolder) -> None:
    watch = InboxWatch(folder, settle_seconds=0.05, sweep_seconds=NEVER)
    with pytest.raises(Unavailable, match="ended"):
        watch.take(limit=1, timeout=0)


def test_a_closed_watch_lets_its_takers_go(watching: Watching) -> None:
    watch = watching()
    watch.close()
    started = time.monotonic()
    assert watch.take(limit=1, timeout=PATIENCE) == []
    assert time.monotonic() - started < PATIENCE / 2
