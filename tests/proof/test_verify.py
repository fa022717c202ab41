"""What verify finds on a folder: every kind of damage named, and nothing in a whole archive."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import bagit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.adapters.folder_archive import FolderArchive
from flows.letters import merkle
from flows.letters.bag import read_bag
from flows.letters.pack_check import check_pack
from flows.letters.premis import Event, from_lines, to_lines
from flows.letters.verify_report import report
from flows.letters.wording import words
from flows.ports import pack_key
from flows.seal_archive import AGENT, append_witness, day_key, pack_letter, pack_letters, read_witness, seal, seal_archive
from flows.verify_archive import Plan, verify_archive
from flows.verify_folder import verify_path
from tests.proof.letters_for_proof import NOW, file_letter, letter, sealed, told

DAY_1, DAY_2 = date(2024, 5, 8), date(2024, 5, 9)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    archive = FolderArchive(folder)
    sealed(archive, range(1, 4), DAY_1)
    sealed(archive, range(4, 6), DAY_2)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    copied = shutil.copytree(template, tmp_path / "archive")
    for path in copied.rglob("*"):
        path.chmod(0o700)
    return copied


def codes(folder: Path) -> set[str]:
    return {f.code for f in verify_path(folder, None, None).damage}


def test_a_whole_archive_is_found_whole(folder: Path) -> None:
    checked = verify_path(folder, None, None)
    assert (checked.letters, checked.quotes, checked.objects) == (5, 5, 25)
    assert [f.code for f in checked.findings] == ["lock_unknown"]
    assert checked.days == [DAY_1, DAY_2]
    page = report(checked, str(folder), NOW, AGENT)
    assert "全部通过" in page and checked.head is not None and checked.head in page


def _pack(folder: Path) -> Path:
    return sorted((folder / "packages").rglob("*.zip"))[0]


def _original(folder: Path) -> Path:
    return sorted((folder / "originals").rglob("?" * 64))[0]


def _overwrite(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"2024", b"2034"))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _swap(folder: Path) -> None:
    one, other = sorted((folder / "packages").rglob("*.zip"))[:2]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _edit_day(folder: Path) -> None:
    path = folder / day_key(DAY_1)
    content = json.loads(path.read_bytes())
    del content["leaves"][0]
    path.write_text(json.dumps(content), "utf-8")


def _reseal_first(folder: Path) -> None:
    """The clever one: a first day made anew, consistent in itself."""
    path = folder / day_key(DAY_1)
    day, _ = merkle.read_day(path.read_bytes())
    path.write_bytes(merkle.seal(DAY_1, day.leaves[1:], NOW, None).document())


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (
            lambda f: _overwrite(_pack(f)),
            {"leaf_changed", "file_changed", "original_wrong", "quote_wrong", "events_wrong", "record_invalid"},
        ),
        (lambda f: _overwrite(next((f / "records").rglob("*.txt"))), {"leaf_changed"}),
        (lambda f: _truncate(_pack(f)), {"leaf_changed", "pack_unreadable"}),
        (lambda f: _truncate(_original(f)), {"leaf_changed", "original_changed"}),
        (lambda f: _pack(f).unlink(), {"leaf_missing"}),
        (lambda f: _original(f).unlink(), {"leaf_missing"}),
        (_swap, {"leaf_changed"}),
        (_edit_day, {"day_root_wrong", "day_chain_broken"}),
        (_reseal_first, {"day_chain_broken"}),
        (lambda f: (f / day_key(DAY_1)).unlink(), {"day_chain_broken", "pack_unsealed"}),
        (lambda f: (f / day_key(DAY_2)).unlink(), {"pack_unsealed"}),
        (lambda f: _truncate(f / day_key(DAY_2)), {"day_unreadable", "pack_unsealed"}),
    ],
)
def test_damage_is_found_and_named(folder: Path, damage: Callable[[Path], object], expected: set[str]) -> None:
    damage(folder)
    found = codes(folder)
    assert found and found <= expected, found
    page = report(verify_path(folder, None, None), "x", NOW, AGENT)
    assert "发现" in page and words("proof")["finding"][sorted(found)[0]]["title"] in page


def test_a_page_that_many_see_names_what_is_damaged_and_quotes_nothing(folder: Path) -> None:
    _overwrite(_pack(folder))
    checked = verify_path(folder, None, None)
    checked.add("ledger_changed", "ledger: c-1", "quote: '我局将建成青石巷服务点' archived, '已改' in the ledger")
    full, page = report(checked, "x", NOW, AGENT), report(checked, "x", NOW, AGENT, details=False)
    pack = _pack(folder).relative_to(folder).as_posix()
    for word in ("青石巷", "答复", "川民提复"):
        assert word not in page
    assert "青石巷" in full and f"{pack}#" in full
    assert f"- `{pack}`" in page and "`ledger: c-1`" in page and "duban verify --all" in page


def test_a_last_day_taken_away_with_all_its_objects_shows_by_the_witness(template: Path, tmp_path: Path) -> None:
    archive, witness = FolderArchive(tmp_path / "archive"), tmp_path / "witness.jsonl"
    for number, day in ((1, DAY_1), (2, DAY_2)):
        file_letter(archive, number)
        seal = seal_archive(archive, told, day=day, now=NOW)
        assert seal is not None
        append_witness(witness, seal)
    assert verify_path(tmp_path / "archive", witness, None).whole
    day, _ = merkle.read_day((tmp_path / "archive" / day_key(DAY_2)).read_bytes())
    for key in [leaf.key for leaf in day.leaves] + [day_key(DAY_2)]:
        (tmp_path / "archive" / key).unlink()
    assert codes(tmp_path / "archive") == set()
    rolled = verify_archive(archive, Plan(witness=read_witness(witness)))
    assert [f.code for f in rolled.damage] == ["day_rolled_back"]


def test_packs_alone_are_enough(folder: Path, tmp_path: Path) -> None:
    handed = tmp_path / "handed over"
    handed.mkdir()
    for pack in (folder / "packages").rglob("*.zip"):
        shutil.copy(pack, handed)
    assert verify_path(handed, None, None).letters == 5
    assert verify_path(_pack(folder), None, None).letters == 1
    shutil.rmtree(folder / "originals")
    shutil.rmtree(folder / "records")
    assert verify_path(folder, None, None).letters == 5 and codes(folder) == set()


def test_what_is_not_sealed_yet_is_said_and_checked(folder: Path) -> None:
    file_letter(FolderArchive(folder), 9)
    checked = verify_path(folder, None, None)
    assert {f.code for f in checked.findings} == {"unsealed", "lock_unknown"} and checked.whole
    record = next(f.object for f in checked.findings if f.object.endswith(".txt"))
    path = folder / record
    path.chmod(0o600)
    path.write_text(path.read_text("utf-8").replace("第9处", "第8处"), "utf-8")
    assert codes(folder) == {"quote_wrong"}


def test_the_bag_is_one_for_the_reference_implementation(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(_pack(folder)) as archive:
        archive.extractall(tmp_path / "out")
    assert bagit.Bag(str(next((tmp_path / "out").iterdir()))).is_valid()


def test_the_same_pack_twice_is_the_same_bytes(tmp_path: Path) -> None:
    packs = []
    for name in ("a", "b"):
        archive = FolderArchive(tmp_path / name)
        record = file_letter(archive, 1)
        key = next(k for k in archive.keys("records/") if k.endswith(".json"))
        assert pack_letter(archive, key, told, NOW) == pack_key(2024, record["id"])
        packs.append(archive.get(pack_key(2024, record["id"])))
    assert packs[0] == packs[1]


def test_a_pack_says_it_all(folder: Path) -> None:
    data = _pack(folder).read_bytes()
    bag = read_bag(data)
    names = {path.split("/", 1)[1] if path.startswith("data/") else path for path in bag.files}
    assert {"text/letter.txt", "text/pages.json", "record/record.json", "notices/deliveries.json"} <= names
    required = json.loads(bag.files["metadata/bagit-profile.json"])["Tag-Files-Required"]
    assert set(required) <= bag.files.keys()
    info = json.loads(bag.files["metadata/bagit-profile.json"])["Bag-Info"]
    assert {label for label, rule in info.items() if rule["required"]} <= bag.info.keys()
    events = [e.type for e in from_lines(bag.files["metadata/events.jsonl"])]
    assert events == [
        "capture", "message digest calculation", "format identification", "text extraction", "validation", "routing",
        "delivery", "information package creation",
    ]  # fmt: skip
    report_ = json.loads(bag.files["metadata/four-properties.json"])
    assert {row["property"] for row in report_} == {"authenticity", "integrity", "usability", "security"}
    assert {row["result"] for row in report_} == {"pass", "unchecked"}
    assert check_pack(data, "k").findings == ()


def test_a_file_slipped_into_a_pack_shows(folder: Path) -> None:
    pack = _pack(folder)
    out = io.BytesIO(pack.read_bytes())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(f"{pack.stem}/data/notices/forged.html", "x")
    assert {f.code for f in check_pack(out.getvalue(), "k").findings} == {"file_extra", "oxum_wrong"}


def test_an_event_rewritten_shows() -> None:
    line = to_lines([Event("capture", NOW, "success", AGENT, "originals/x")])
    assert len(from_lines(line)) == 1
    with pytest.raises(ValueError, match="identifier"):
        from_lines(line.replace(b"2024", b"2023"))


def test_sealing_twice_is_once(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    file_letter(archive, 1)
    assert seal_archive(archive, told, day=DAY_1, now=NOW) is not None
    assert seal_archive(archive, told, day=DAY_1, now=NOW) is None
    assert seal_archive(archive, told, day=DAY_2, now=NOW) is None
    file_letter(archive, 2)
    second = seal_archive(archive, told, day=DAY_2, now=NOW)
    assert second is not None and len(second.day.leaves) == 5 and second.day.previous == DAY_1


def test_a_letter_that_comes_while_a_day_is_sealed_gets_its_pack_the_next_day(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    file_letter(archive, 1)
    packs = pack_letters(archive, told, NOW)
    late = file_letter(archive, 2)
    first = seal(archive, packs, day=DAY_1, now=NOW)
    assert first is not None and not [leaf for leaf in first.day.leaves if late["original"]["sha256"] in leaf.key][1:]
    second = seal_archive(archive, told, day=DAY_2, now=NOW)
    assert second is not None and second.packs.made == (pack_key(2024, late["id"]),)
    assert codes(tmp_path) == set()


def test_a_letter_understood_anew_gets_a_second_pack(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    sealed(archive, range(1, 2), DAY_1)
    record = file_letter(archive, 1, rules="2-test")
    seal = seal_archive(archive, told, day=DAY_2, now=NOW)
    assert seal is not None and seal.packs.made == (pack_key(2024, f"{record['id']}.2-test"),)
    assert codes(tmp_path) == set()


@pytest.mark.parametrize("count", range(1, 10))
def test_every_leaf_and_their_order_count_for_the_root(count: int) -> None:
    digests = [merkle.Leaf(f"k{n}", "0" * 64, n).digest for n in range(count)]
    whole = merkle.root(digests)
    for index in range(count):
        assert merkle.root(digests[:index] + digests[index + 1 :]) != whole
        assert merkle.root([*digests[:index], b"\0" * 32, *digests[index + 1 :]]) != whole
    assert count == 1 or merkle.root(digests[::-1]) != whole
    assert merkle.root([*digests, digests[-1]]) != whole


def test_the_record_of_the_tests_is_a_real_one() -> None:
    import schemas

    assert schemas.faults("v1/record", letter()[2]) == []


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_pack_makes_the_check_itself_fail(template: Path, data: st.DataObject) -> None:
    """Bytes changed, cut or repeated anywhere: findings, never an exception; a change to the contents always shows."""
    whole = _pack(template).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    deed = data.draw(st.sampled_from(["flip", "cut", "repeat", "zero"]))
    length = data.draw(st.integers(1, 200))
    hurt = {
        "flip": whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :],
        "cut": whole[:at],
        "repeat": whole[:at] + whole[at : at + length] * 2 + whole[at + length :],
        "zero": whole[:at] + bytes(len(whole[at : at + length])) + whole[at + length :],
    }[deed]
    checked = check_pack(hurt, "k")
    assert (checked.sha256 == hashlib.sha256(whole).hexdigest()) == (hurt == whole)
    if checked.findings == ():
        assert read_bag(hurt).files == read_bag(whole).files
