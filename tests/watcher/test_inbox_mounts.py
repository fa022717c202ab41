"""Which parts of an inbox are remote, read from lines as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.inbox_mounts import is_remote, read_mountinfo, remote_parts

LOCAL = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
SHARE = "90 22 0:48 / /srv/duban/inbox rw,relatime shared:30 - cifs //server/来函 rw,vers=3.1.1\n"
BELOW = "91 22 0:49 / /srv/duban/inbox/scanner rw,relatime - nfs4 nas:/scans rw\n"
BLANK = "92 22 0:50 / /srv/duban/inbox/scan\\040room rw - fuse.sshfs user@host:/ rw\n"
BESIDE = "93 22 0:51 / /srv/duban/inbox2 rw - nfs4 nas:/other rw\n"
COVERED = "94 22 0:52 / /srv/duban/inbox rw - tmpfs tmpfs rw\n"
INBOX = Path("/srv/duban/inbox")


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("", []),
        (LOCAL, []),
        (LOCAL + SHARE, [INBOX]),
        (LOCAL + BELOW, [INBOX / "scanner"]),
        (LOCAL + BELOW + BLANK, [INBOX / "scan room", INBOX / "scanner"]),
        (LOCAL + BESIDE, []),
        (LOCAL + SHARE + COVERED, []),
        (LOCAL + SHARE + BELOW, [INBOX]),
        ("a line that is none\n" + LOCAL, []),
    ],
)
def test_remote_parts(mounts: str, expected: list[Path]) -> None:
    assert remote_parts(mounts, INBOX) == expected


def test_a_share_above_the_inbox_holds_it_too() -> None:
    assert remote_parts(LOCAL + SHARE, INBOX / "2024") == [INBOX / "2024"]


@pytest.mark.parametrize(
    ("kind", "remote"), [("cifs", True), ("nfs4", True), ("9p", True), ("fuse.sshfs", True), ("ext4", False), ("xfs", False)]
)
def test_kinds(kind: str, remote: bool) -> None:
    assert is_remote(kind) == remote


def test_this_machine_is_read(tmp_path: Path) -> None:
    assert remote_parts(read_mountinfo(), tmp_path) in ([], [tmp_path])
