"""The inbox as a folder: what counts as a letter, claims by content, safe clearing, quarantine, drops."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.adapters import inbox_files
from flows.adapters.inbox_folder import Claimed, Ignored, InboxFolder, NotALetterFile, NotSettled, Seen, TooLarge
from flows.adapters.inbox_seen import decoded, judge
from flows.letters.errors import LetterError, SecretLetter, SettingsError, Unavailable, UnreadableLetter

TEXT = "关于第033号提案的答复".encode()


def put(path: Path, data: bytes = TEXT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def claim(folder: InboxFolder, path: str) -> Claimed:
    claimed = folder.claim(Path(path))
    assert claimed is not None
    return claimed


def left_in(inbox: Path) -> list[str]:
    return sorted(path.relative_to(inbox).as_posix() for path in inbox.rglob("*"))


# -- looking -------------------------------------------------------------------------------------------------------


def test_a_scan_finds_letters_in_all_folders_in_the_order_of_their_paths(folder: InboxFolder, inbox: Path) -> None:
    for name in ("b.txt", "a.txt", "2024/7/c.pdf", "2024/a.txt"):
        put(inbox / name)
    assert [seen.path.as_posix() for seen in folder.scan()] == ["2024/7/c.pdf", "2024/a.txt", "a.txt", "b.txt"]


def test_what_is_no_letter_is_left_alone_for_a_reason(folder: InboxFolder, inbox: Path, home: Path) -> None:
    """Row 22: links, fifos, sockets; and the names of the table."""
    put(inbox / "~$答复.docx")
    put(inbox / "答复.pdf.crdownload")
    put(inbox / ".Trash-1000" / "答复.pdf")
    put(home / "elsewhere" / "secret.txt")
    (inbox / "link.txt").symlink_to(home / "elsewhere" / "secret.txt")
    (inbox / "folder-link").symlink_to(home / "elsewhere")
    os.mkfifo(inbox / "fifo.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(inbox / "s"))
        survey = folder.survey()
    assert survey.seen == ()
    assert {one.path.as_posix(): one.reason for one in survey.ignored} == {
        "~$答复.docx": "office_lock",
        "答复.pdf.crdownload": "partial_upload",
        ".Trash-1000": "hidden",
        "link.txt": "symlink",
        "folder-link": "symlink",
        "fifo.txt": "fifo",
        "s": "socket",
    }


def test_a_device_is_no_letter() -> None:
    assert judge(Path("null"), os.stat("/dev/null")) == Ignored(Path("null"), "device")


def test_a_look_agrees_with_the_scan(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "2024" / "a.txt")
    put(inbox / ".git" / "config")
    assert folder.look(Path("2024/a.txt")) == folder.scan()[0]
    assert folder.look(Path("2024")) == Path("2024")
    assert folder.look(Path(".git/config")) == Ignored(Path(".git/config"), "hidden")
    assert folder.look(Path("none.txt")) is None
    assert folder.look(Path("2024/a.txt/deeper")) is None


def test_an_inbox_that_is_away_is_unavailable(folder: InboxFolder, inbox: Path) -> None:
    inbox.rmdir()
    for what in (folder.scan, lambda: folder.look(Path("a.txt")), lambda: folder.claim(Path("a.txt"))):
        with pytest.raises(Unavailable, match="cannot be opened"):
            what()


# -- claiming ------------------------------------------------------------------------------------------------------


def test_a_claim_is_by_content(folder: InboxFolder, inbox: Path) -> None:
    """Row 17: the same bytes have the same name for the ledger, whatever they are called and wherever they lie."""
    put(inbox / "a.txt")
    put(inbox / "2024" / "改名.txt")
    one, other = claim(folder, "a.txt"), claim(folder, "2024/改名.txt")
    assert one.sha256 == other.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert (one.name, one.size, one.data) == ("a.txt", len(TEXT), TEXT)
    assert (other.name, other.path) == ("改名.txt", Path("2024/改名.txt"))


def test_what_is_gone_cannot_be_claimed(folder: InboxFolder) -> None:
    assert folder.claim(Path("gone.txt")) is None
    assert folder.claim(Path("gone/gone.txt")) is None


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "a/../../outside.txt", ".", "a\0b"])
def test_a_path_that_leads_out_is_refused(folder: InboxFolder, home: Path, path: str) -> None:
    put(home / "outside.txt")
    with pytest.raises(NotALetterFile):
        folder.claim(Path(path))


def test_a_link_or_fifo_in_the_place_of_a_letter_is_refused(folder: InboxFolder, inbox: Path, home: Path) -> None:
    put(home / "outside" / "a.txt")
    (inbox / "link.txt").symlink_to(home / "outside" / "a.txt")
    (inbox / "folder").symlink_to(home / "outside")
    os.mkfifo(inbox / "fifo.txt")
    for path in ("link.txt", "fifo.txt"):
        with pytest.raises(NotALetterFile):
            folder.claim(Path(path))
    assert folder.claim(Path("folder/a.txt")) is None


def test_a_file_that_changes_while_it_is_read_is_not_claimed(
    folder: InboxFolder, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(inbox / "a.txt", b"x" * 100)
    honest = inbox_files.chunks

    def while_it_grows(held: int) -> Iterator[bytes]:
        for block in honest(held):
            yield block
            with path.open("ab") as more:
                more.write(b"y")

    monkeypatch.setattr(inbox_files, "chunks", while_it_grows)
    with pytest.raises(NotSettled):
        folder.claim(Path("a.txt"))
    monkeypatch.undo()
    assert claim(folder, "a.txt").size == path.stat().st_size


def test_a_file_that_somebody_has_open_for_writing_is_not_claimed(folder: InboxFolder, inbox: Path) -> None:
    """Row 11, the last line of defence: it was settled, and is written to again."""
    put(inbox / "a.txt")
    with (inbox / "a.txt").open("ab"), pytest.raises(NotSettled):
        folder.claim(Path("a.txt"))
    assert claim(folder, "a.txt").data == TEXT


def test_a_file_beyond_the_limit_is_hashed_but_not_kept(home: Path, inbox: Path) -> None:
    folder = InboxFolder(inbox, home / "quarantine", home / "spool", largest=10)
    put(inbox / "a.txt")
    claimed = claim(folder, "a.txt")
    assert claimed.sha256 == hashlib.sha256(TEXT).hexdigest()
    with pytest.raises(TooLarge) as caught:
        _ = claimed.data
    assert folder.quarantine(claimed, caught.value).read_bytes() == TEXT
    assert left_in(inbox) == []


# -- clearing ------------------------------------------------------------------------------------------------------


def test_clearing_removes_what_was_claimed(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "2024" / "a.txt")
    assert folder.clear(claim(folder, "2024/a.txt"))
    assert left_in(inbox) == ["2024"]


def test_clearing_twice_is_no_fault(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "a.txt")
    claimed = claim(folder, "a.txt")
    assert [folder.clear(claimed), folder.clear(claimed)] == [True, False]


def test_a_correction_that_came_meanwhile_is_never_removed(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "a.txt")
    claimed = claim(folder, "a.txt")
    os.replace(put(inbox / "b.txt", b"corrected"), inbox / "a.txt")
    assert not folder.clear(claimed)
    assert (inbox / "a.txt").read_bytes() == b"corrected"


def test_a_change_in_place_of_the_same_size_is_never_removed(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "a.txt", b"abc")
    claimed = claim(folder, "a.txt")
    with (inbox / "a.txt").open("r+b") as same:
        same.write(b"xyz")
    assert not folder.clear(claimed)
    assert left_in(inbox) == ["a.txt"]
    assert (inbox / "a.txt").read_bytes() == b"xyz"


def test_the_folder_of_an_unpacked_container_goes_with_its_last_letter(folder: InboxFolder, inbox: Path) -> None:
    folder.drop(b"1", "来函.zip.d/1.txt")
    folder.drop(b"2", "来函.zip.d/2.txt")
    folder.clear(claim(folder, "来函.zip.d/1.txt"))
    assert left_in(inbox) == ["来函.zip.d", "来函.zip.d/2.txt"]
    folder.clear(claim(folder, "来函.zip.d/2.txt"))
    assert left_in(inbox) == []


def test_what_a_crash_left_on_its_way_out_comes_back(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "2024" / f"{inbox_files.ASIDE}clearing-a.txt")
    put(inbox / "2024" / "a.txt", b"another")
    assert folder.recover() == [Path("2024/a (2).txt")]
    assert (inbox / "2024" / "a (2).txt").read_bytes() == TEXT


def test_what_a_crash_left_half_written_goes_after_a_day(folder: InboxFolder, inbox: Path, home: Path) -> None:
    old = [put(home / "spool" / ".duban-1-1.part"), put(inbox / "2024" / ".duban-1-2.part")]
    for path in old:
        os.utime(path, (0, 0))
    put(home / "spool" / ".duban-1-3.part")  # perhaps of a drop that goes on just now
    assert folder.recover() == []
    assert (left_in(inbox), left_in(home / "spool")) == (["2024"], [".duban-1-3.part"])


# -- quarantine ----------------------------------------------------------------------------------------------------


def test_a_letter_goes_to_quarantine_beside_its_reasons(folder: InboxFolder, inbox: Path, home: Path) -> None:
    """Row 18: it does not stay in the inbox to be tried for ever."""
    put(inbox / "2024" / "a.pdf")
    placed = folder.quarantine(claim(folder, "2024/a.pdf"), UnreadableLetter("no text on page 3", page=3))
    assert placed == home / "quarantine" / "a.pdf"
    assert placed.read_bytes() == TEXT
    why = json.loads((home / "quarantine" / "a.pdf.why.json").read_text("utf-8"))
    moment = why.pop("quarantined_at")
    assert why == {
        "file": "a.pdf",
        "path": "2024/a.pdf",
        "sha256": hashlib.sha256(TEXT).hexdigest(),
        "bytes": len(TEXT),
        "code": "unreadable_letter",
        "reason_zh": "文件无法读出正文",
        "advice_zh": "请检查文件是否为空、损坏或加密，向来文单位索取可读的文件后重新投放。",
        "message": "no text on page 3",
        "facts": {"page": "3"},
    }
    assert moment.endswith("Z")
    assert left_in(inbox) == ["2024"]


def test_letters_of_one_name_do_not_replace_each_other(folder: InboxFolder, inbox: Path, home: Path) -> None:
    """Row 21: the same name in two folders."""
    put(inbox / "甲" / "答复.pdf", b"1")
    put(inbox / "乙" / "答复.pdf", b"2")
    for path in ("甲/答复.pdf", "乙/答复.pdf"):
        folder.quarantine(claim(folder, path), LetterError("refused"))
    assert left_in(home / "quarantine") == ["答复 (2).pdf", "答复 (2).pdf.why.json", "答复.pdf", "答复.pdf.why.json"]


def test_the_same_letter_again_takes_its_own_place(folder: InboxFolder, inbox: Path, home: Path) -> None:
    for _ in range(2):
        put(inbox / "a.pdf")
        folder.quarantine(claim(folder, "a.pdf"), LetterError("refused"))
    assert left_in(home / "quarantine") == ["a.pdf", "a.pdf.why.json"]


def test_a_secret_letter_is_for_our_eyes_only(folder: InboxFolder, inbox: Path, home: Path) -> None:
    put(inbox / "a.pdf")
    placed = folder.quarantine(claim(folder, "a.pdf"), SecretLetter("机密★1年 on page 1", mark="机密"), secret=True)
    why = placed.with_name("a.pdf.why.json")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (placed.parent, placed, why)]
    assert (placed.parent, modes) == (home / "quarantine" / "restricted", [0o700, 0o600, 0o600])
    assert "机密" not in why.read_text("utf-8")
    assert json.loads(why.read_text("utf-8"))["code"] == "secret_letter"


def test_a_letter_changed_since_its_claim_is_quarantined_as_claimed_and_kept_as_changed(
    folder: InboxFolder, inbox: Path
) -> None:
    put(inbox / "a.txt", b"old")
    claimed = claim(folder, "a.txt")
    put(inbox / "a.txt", b"new one")
    assert folder.quarantine(claimed, LetterError("refused")).read_bytes() == b"old"
    assert (inbox / "a.txt").read_bytes() == b"new one"


def test_the_longest_names_fit_with_all_that_is_put_around_them(folder: InboxFolder, inbox: Path, home: Path) -> None:
    name = "答" * 83 + ".pdf"  # 253 bytes; a name may have 255
    put(inbox / "甲" / name, b"1")
    put(inbox / "乙" / name, b"2")
    for where in ("甲", "乙"):
        folder.quarantine(claim(folder, f"{where}/{name}"), LetterError("refused"))
    found = left_in(home / "quarantine")
    assert len(found) == 4
    assert [one for one in found if not one.endswith((".pdf", ".pdf.why.json"))] == []
    put(inbox / name)
    assert folder.clear(claim(folder, name))


def test_a_full_disk_is_unavailable_and_the_letter_stays(
    folder: InboxFolder, inbox: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox / "a.txt")
    claimed = claim(folder, "a.txt")

    def full(held: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Unavailable, match="No space left"):
        folder.quarantine(claimed, LetterError("refused"))
    monkeypatch.undo()
    assert left_in(home / "quarantine") == []
    assert left_in(inbox) == ["a.txt"]


# -- dropping ------------------------------------------------------------------------------------------------------


def test_a_drop_is_whole_or_not_there(folder: InboxFolder, inbox: Path, home: Path) -> None:
    assert folder.drop(TEXT, "2024/a.txt") == inbox / "2024" / "a.txt"
    assert (inbox / "2024" / "a.txt").read_bytes() == TEXT
    assert left_in(home / "spool") == []


def test_a_drop_replaces_nothing(folder: InboxFolder, inbox: Path) -> None:
    names = [folder.drop(data, "a.txt").name for data in (b"1", b"2", b"1", b"3")]
    assert names == ["a.txt", "a (2).txt", "a.txt", "a (3).txt"]
    assert [(inbox / name).read_bytes() for name in ("a.txt", "a (2).txt", "a (3).txt")] == [b"1", b"2", b"3"]


def test_a_drop_by_who_may_not_enter_the_spool_is_whole_all_the_same(
    folder: InboxFolder, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = os.open

    def refusing(path: object, *given: object, **more: object) -> int:
        if str(path).endswith("spool"):
            raise PermissionError(13, "Permission denied")
        return honest(path, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert folder.drop(TEXT, "a.txt").read_bytes() == TEXT
    assert left_in(inbox) == ["a.txt"]


@pytest.mark.parametrize("name", ["../a.txt", "/tmp/a.txt", "~$a.docx", ".git/a.txt", "a.pdf.part"])  # noqa: S108
def test_a_drop_that_would_be_lost_is_refused(folder: InboxFolder, inbox: Path, name: str) -> None:
    with pytest.raises(NotALetterFile):
        folder.drop(TEXT, name)
    assert left_in(inbox) == []


def test_where_the_kernel_cannot_rename_without_replacing_nothing_is_replaced_either(
    folder: InboxFolder, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_files, "_renameat2", None)  # as on network shares and other systems
    names = [folder.drop(data, "a.txt").name for data in (b"1", b"2")]
    assert (names, left_in(inbox)) == (["a.txt", "a (2).txt"], ["a (2).txt", "a.txt"])


# -- readiness and names -------------------------------------------------------------------------------------------


def test_a_file_that_somebody_writes_is_held(folder: InboxFolder, inbox: Path) -> None:
    put(inbox / "a.txt")
    with (inbox / "a.txt").open("ab"):
        assert folder.readiness(Path("a.txt")) == "held"
    assert folder.readiness(Path("a.txt")) == "free"
    with (inbox / "a.txt").open("rb"):
        assert folder.readiness(Path("a.txt")) == "free"
    assert folder.readiness(Path("gone.txt")) == "gone"


def test_a_name_in_the_bytes_of_old_windows_programs_becomes_text(folder: InboxFolder, inbox: Path) -> None:
    """Row 20, for names: they could not even be written into a run's parameters."""
    raw = os.fsdecode("来函/答复.txt".encode("gb18030"))
    put(inbox / raw)
    seen = folder.scan()[0]
    adopted = folder.adopt(seen)
    assert isinstance(adopted, Seen)
    assert adopted.path == Path("来函/答复.txt")
    assert claim(folder, "来函/答复.txt").data == TEXT
    assert folder.adopt(adopted) is adopted


@pytest.mark.parametrize(
    ("raw", "name"),
    [("答复.txt".encode(), "答复.txt"), ("答复.txt".encode("gb18030"), "答复.txt"), (b"\xff\xff.txt", "\\xff\\xff.txt")],
)
def test_decoding_a_name(raw: bytes, name: str) -> None:
    assert decoded(os.fsdecode(raw)) == name


# -- the start -----------------------------------------------------------------------------------------------------


def test_an_inbox_that_is_missing_or_no_folder_is_refused_at_start(home: Path) -> None:
    put(home / "file")
    for inbox, message in ((home / "missing", "does not exist"), (home / "file", "is no folder")):
        with pytest.raises(SettingsError, match=message):
            InboxFolder(inbox, home / "quarantine", home / "spool")


@pytest.mark.parametrize(
    ("quarantine", "spool", "output"),
    [("inbox/q", "spool", "out"), ("q", "inbox/a/b", "out"), ("q", "spool", "inbox"), (".", "spool", "out")],
)
def test_folders_we_write_to_inside_the_inbox_are_refused_at_start(
    home: Path, quarantine: str, spool: str, output: str
) -> None:
    """Row 22: what is written there would come back as letters."""
    with pytest.raises(SettingsError, match="inside"):
        InboxFolder(home / "inbox", home / quarantine, home / spool, outputs=(home / output,))


def test_a_link_does_not_hide_the_nesting(home: Path) -> None:
    (home / "inbox" / "q").mkdir()
    (home / "elsewhere").symlink_to(home / "inbox" / "q")
    with pytest.raises(SettingsError, match="inside"):
        InboxFolder(home / "inbox", home / "elsewhere", home / "spool")


WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from flows.adapters.inbox_folder import InboxFolder
from flows.letters.errors import SettingsError
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
home = Path(sys.argv[1])
try:
    InboxFolder(home / "inbox", home / "quarantine", home / "spool")
except SettingsError as fault:
    print(fault)
"""


def test_an_inbox_without_rights_is_refused_at_start(home: Path, inbox: Path) -> None:
    for path in (home, *home.parents[:2]):
        path.chmod(0o755)
    inbox.chmod(0o500 if os.geteuid() else 0o555)
    done = subprocess.run([sys.executable, "-c", WITHOUT_RIGHTS, home], capture_output=True, text=True, check=True)
    assert "no right to write" in done.stdout
