"""``duban read``: records without any server, a line for each refusal, containers unpacked."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.commands.letters import read

_DEMO = Path(__file__).parents[1] / "flows" / "demo" / "agencies.toml"
_LETTER = """云交复〔2023〕17号
关于区十六届人大二次会议第41号建议的答复
卫东平代表：
您提出的《关于修缮北关路的建议》（第41号）收悉，现答复如下：
我局将于2023年9月底前完成北关路{number}号段路面修缮。
示例市云湖区交通运输局
2023年5月9日
"""


def _read(*args: object) -> Result:
    return CliRunner().invoke(read, [*map(str, args), "--agencies", str(_DEMO)])


def _letter(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def _zip(folder: Path, members: dict[str, str]) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text.encode("utf-8"))
    path = folder / "来函.zip"
    path.write_bytes(packed.getvalue())
    return path


def test_a_summary_is_printed_for_a_person(tmp_path: Path) -> None:
    done = _read(_letter(tmp_path, "答复.txt", _LETTER.format(number=1)))
    assert done.exit_code == 0
    assert "文号：云交复〔2023〕17号" in done.output
    assert "责任单位：示例市云湖区交通运输局　时限：2023-09-30" in done.output


def test_a_record_is_written_per_file_and_is_the_same_each_time(tmp_path: Path) -> None:
    letter, out = _letter(tmp_path, "答复.txt", _LETTER.format(number=1)), tmp_path / "out"
    assert _read(letter, "--out", out).exit_code == 0
    first = (out / "答复.json").read_bytes()
    assert _read(letter, "--out", out).exit_code == 0
    assert (out / "答复.json").read_bytes() == first
    assert [file.name for file in out.iterdir()] == ["答复.json"]
    assert json.loads(first)["header"]["document_number"] == "云交复〔2023〕17号"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("空.txt", b"", "unreadable_letter"),
        ("图.bin", bytes(range(256)) * 20, "unknown_format"),
        ("密.txt", ("机密★1年\n" + _LETTER.format(number=1)).encode(), "secret_letter"),
        ("诗.txt", "床前明月光，\n疑是地上霜。\n".encode(), "not_a_reply"),
    ],
)
def test_a_refusal_is_one_line_and_code_three(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    good = _letter(tmp_path, "答复.txt", _LETTER.format(number=1))
    done = _read(tmp_path / name, good, "--out", tmp_path / "out")
    assert done.exit_code == 3
    (line,) = done.stderr.strip().split("\n")
    assert line.startswith(f"{tmp_path / name}: {code}: ")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["答复.json"]


def test_of_a_secret_letter_nothing_is_shown(tmp_path: Path) -> None:
    done = _read(_letter(tmp_path, "x.txt", "机密★1年\n" + _LETTER.format(number=1)))
    assert "云交复" not in done.output + done.stderr and "机密" not in done.stderr.replace("机密级", "")


def test_a_bundle_of_several_letters_has_a_folder_of_its_own(tmp_path: Path) -> None:
    bundle = _zip(tmp_path, {"甲/答复.txt": _LETTER.format(number=1), "乙.txt": _LETTER.format(number=2)})
    assert _read(bundle, "--out", tmp_path / "out").exit_code == 0
    assert sorted(str(f.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("*.json")) == [
        "来函/乙.json", "来函/答复.json",
    ]  # fmt: skip


def test_a_bundle_of_one_letter_is_that_letter(tmp_path: Path) -> None:
    assert _read(_zip(tmp_path, {"答复.txt": _LETTER.format(number=1)}), "--out", tmp_path / "out").exit_code == 0
    record = json.loads((tmp_path / "out" / "来函.json").read_text("utf-8"))
    assert record["original"]["name"] == "答复.txt"


def test_two_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    one = _letter(tmp_path, "答复.txt", _LETTER.format(number=1))
    two = _letter(tmp_path / "b", "答复.txt", _LETTER.format(number=2))
    done = _read(one, two, "--out", tmp_path / "out")
    assert (done.exit_code, "same name" in done.stderr) == (0, True)
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["答复.json", "答复.txt.json"]


def test_the_program_leaves_with_the_commands_code(tmp_path: Path) -> None:
    good = _letter(tmp_path, "答复.txt", _LETTER.format(number=1))
    (tmp_path / "空.txt").write_bytes(b"")
    for files, code in (([good], 0), ([good, tmp_path / "空.txt"], 3), ([tmp_path / "无.txt"], 2)):
        command = [sys.executable, "-m", "flows.cli", "read", *map(str, files), "--agencies", str(_DEMO)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code
