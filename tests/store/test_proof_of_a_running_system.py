"""The archive of a running system: sealed and audited by its flows, verified, copied, published, its ledger rebuilt."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from click.testing import CliRunner, Result

from flows.adapters import converter
from flows.adapters.embedded_store import known
from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.port_leases import any_port
from flows.adapters.s3_archive import S3Archive
from flows.adapters.s3_client import s3_client
from flows.cli import duban as command
from tests.reading.office_files import doc_file, ofd_letter, rtf_file
from tests.reading.sample_files import bundle, cid_pdf, docx_file, mail, site_page
from tests.reading.scan_files import as_image, as_pdf, scanned, sheets
from tests.store.byte_search import byte_search
from tests.system.running import LETTER, System, letter, wait_for

pytestmark = pytest.mark.timeout(240)
NOT_PUBLIC = "将于年内收回青石巷三处临街门面"
# A file's name is often the letter's title: it must be seen no further than the letter's words.
RESTRICTED_TITLE = "关于收回青石巷临街门面一事的答复"
BUNDLE_TITLE = "青石巷来信汇总"
SECRET_TITLE = "关于扩建青岗岭储备库的答复"


# Each of them must stay in the archive: in the letter's foot, and in the words of a commitment.
CONTACTS = ("欧阳明哲", "0000-1234567", "13917654321", "青石巷路88号", "oymz@hongchuan.example")
FOOT = "联系人：{}　联系电话：{}　手机：{}\n地址：示例市云湖区{}　邮编：200120\n电子邮箱：{}".format(*CONTACTS)


def open_letter() -> str:
    """A letter that may be published, with a clerk's name and every way to reach him."""
    text = letter(31).replace("联系人：李某　联系电话：0000-1234567", FOOT)
    return text.replace("再改造公交站点25个", "再改造公交站点25个（联系人{0}，手机{2}、{4}）".format(*CONTACTS))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home = tmp_path_factory.mktemp("proof") / "var"
    settings = {
        "HOME": str(home), "SETTLE_SECONDS": "0.2", "SWEEP_SECONDS": "2", "POLL_SECONDS": "0.5",
        "PREFECT_PORT": str(any_port()),  # a system on this machine may be starting on the usual one just now
    }  # fmt: skip
    temporary = home.parent / "tmp"
    temporary.mkdir()
    made = System(home, os.environ | {"TMPDIR": str(temporary)} | {f"DUBAN_{name}": value for name, value in settings.items()})
    made.start()
    made.drop("一.txt", open_letter())
    (home / "returns" / f"{RESTRICTED_TITLE}的回执.xlsx").write_bytes(b"PK")
    restricted = LETTER.replace("〔2026〕18号", "〔2026〕32号").replace("主动公开", "不予公开")
    restricted = restricted.replace("2026年9月底前", f"{NOT_PUBLIC}，2026年9月底前")
    made.drop(f"{RESTRICTED_TITLE}.txt", restricted)
    made.drop(f"{RESTRICTED_TITLE}的同件.txt", restricted)  # the same bytes: named in a line of the log before
    members = {f"{RESTRICTED_TITLE}附件一.txt": restricted.replace("〔2026〕32号", "〔2026〕33号").encode()}
    put(made, f"{BUNDLE_TITLE}.zip", bundle(members, stored=True))
    put(made, f"{RESTRICTED_TITLE}空白.txt", b"")
    made.wait_empty_inbox()
    yield made
    made.stop()


def put(system: System, name: str, content: bytes) -> None:
    aside = system.home / f".{name}.aside"
    aside.write_bytes(content)
    aside.rename(system.home / "inbox" / name)


def duban(system: System, *arguments: str | Path, **more: str) -> Result:
    environment = {"DUBAN_HOME": str(system.home)} | more
    return CliRunner().invoke(command, [str(a) for a in arguments], env=environment)


def ask(system: System, path: str, body: dict[str, Any] | None = None) -> Any:
    """Prefect's answer; its server says 503 while its database is busy, and its own clients ask again as this does."""

    def answer() -> Any:
        try:
            return system.api(path, body)
        except HTTPError as fault:
            if fault.code != 503:
                raise
            return None

    return wait_for(answer, 30, f"an answer to {path}")


def run_flow(system: System, name: str) -> Any:
    """Start a deployment as a person does in the UI; its final state."""
    deployment = ask(system, f"/deployments/name/{name}/{name}")
    # With a key, asking again starts no second run.
    run = ask(system, f"/deployments/{deployment['id']}/create_flow_run", {"idempotency_key": str(time.monotonic())})

    def final() -> Any:
        found = ask(system, f"/flow_runs/{run['id']}")
        return found["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED") and found["state"]

    return wait_for(final, 60, f"the end of {name}; {system.logs_tail()}")


def page(system: System, key: str) -> str:
    found = ask(system, "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC"})
    return str(found[0]["data"])


def test_sealed_audited_copied_and_published(system: System, tmp_path: Path) -> None:
    assert "尚未封存" in duban(system, "verify", "--all").stdout
    assert run_flow(system, "seal-archive")["type"] == "COMPLETED"
    assert "根值" in page(system, "sealed-day")
    state = run_flow(system, "audit-archive")
    assert state["type"] == "COMPLETED", page(system, "archive-audit")
    assert "🟢" in page(system, "archive-audit") and "来函证据包：1 个" in page(system, "archive-audit")

    assert duban(system, "export", "--archive", tmp_path / "copy").exit_code == 0
    offline = duban(system, "verify", tmp_path / "copy", "--witness", tmp_path / "copy" / "witness.jsonl")
    assert offline.exit_code == 0 and "全部通过" in offline.stdout, offline.output
    records = "".join(path.read_text("utf-8") for path in (tmp_path / "copy").rglob("*.json"))
    assert "〔2026〕31号" in records and "〔2026〕32号" not in records

    assert duban(system, "export", "--public", tmp_path / "public").exit_code == 0
    told = "".join(path.read_text("utf-8") for path in (tmp_path / "public").rglob("*") if path.is_file())
    assert "〔2026〕31号" in told and "〔2026〕32号" not in told
    assert not [word for word in CONTACTS if word in told]


def test_damage_is_alarmed_and_repaired(system: System) -> None:
    store = known(system.home)
    assert store is not None
    archive, writer = S3Archive(store.writer), s3_client(store.writer)
    key = next(archive.keys("packages/"))
    assert archive.receipt(key) is not None and archive.versions(key)[0].legal_hold  # a reply is kept for ever
    good = archive.get(key)
    writer.put_object(Bucket=store.writer.bucket, Key=key, Body=b"forged")
    assert run_flow(system, "audit-archive")["type"] == "FAILED"
    told = page(system, "archive-audit")
    assert "🔴" in told and key in told and "已封存的对象被改动" in told and "修复" in told
    assert archive.get(key) == good
    wanted = {"filter": {"event": {"name": ["duban.archive.damaged"]}}}
    alarm = wait_for(lambda: ask(system, "/events/filter", wanted)["events"], 20, "the event of the damage")[0]
    assert alarm["payload"]["repaired"] == [key] and alarm["payload"]["lost"] == []
    assert run_flow(system, "audit-archive")["type"] == "COMPLETED"


def test_ui_and_logs_show_no_words_of_a_restricted_letter_and_nobody_sees_contact_data(system: System) -> None:
    shown = [system.home / "prefect", system.home / "logs", system.home.parent / "up.log"]
    assert byte_search([system.home / "store"], [NOT_PUBLIC]) != []
    assert byte_search(shown, [NOT_PUBLIC]) == []
    ask(system, "/flow_runs/filter", {})  # the server is there; what it wrote is in its database or its log of writes
    named = [RESTRICTED_TITLE, BUNDLE_TITLE]
    assert byte_search([system.home / "ledger"], named) != []
    public = [path for path in (system.home / "store" / "data").iterdir() if path.name.startswith("duban_")]
    assert public and byte_search([*shown, *public], named) == []
    open_run = {"task_runs": {"name": {"any_": ["一.txt"]}}}
    wait_for(lambda: ask(system, "/task_runs/filter", open_run), 20, "the name of a letter that is open")
    persons = [word for word in ("陈某某", "0000-1234567") if word in LETTER]
    assert len(persons) == 2 and byte_search([*shown, system.home / "outbox"], persons) == []


def test_contact_data_is_in_the_archive_and_nowhere_else(system: System, tmp_path: Path) -> None:
    """The table of deployments/SECURITY.md, place by place."""
    assert all(byte_search([system.home / "store"], [word]) != [] for word in CONTACTS)
    assert run_flow(system, "report-ledger")["type"] == "COMPLETED"
    assert run_flow(system, "chase-deadlines")["type"] == "COMPLETED"
    number, terminal = "云湖交提复〔2026〕31号", tmp_path / "terminal.txt"
    asked = (("ledger",), ("ledger", "--json"), ("show", number), ("status",), ("duplicates", "list"))
    said = [duban(system, *words) for words in asked]
    terminal.write_text("".join(one.output for one in said), "utf-8")
    assert all("再改造公交站点25个（" in one.stdout for one in said[:3])  # the commitment is told, its contacts are not
    assert duban(system, "ledger", "--xlsx", tmp_path / "ledger.xlsx", "--private").exit_code == 0
    owner = next(row["lead_agency_id"] for row in system.ledger().rows() if "再改造公交站点25个（" in row["quote"])
    assert duban(system, "form", owner, "--out", tmp_path / "form.xlsx").exit_code == 0
    sent = [path for path in (system.home / "outbox").rglob("*.json") if "再改造公交站点25个（" in path.read_text("utf-8")]
    assert duban(system, "notice", sent[0].stem, "--out", tmp_path).exit_code == 0
    [paper] = tmp_path.glob("*.pdf")
    printed = "".join(one.get_textpage().get_text_bounded() for one in pypdfium2.PdfDocument(paper))
    (tmp_path / "printed.txt").write_text(re.sub(r"\s", "", printed), "utf-8")
    assert "再改造公交站点25个（" in (tmp_path / "printed.txt").read_text("utf-8")
    assert list((system.home / "reports").iterdir())
    places = [path for path in system.home.iterdir() if path.name != "store"]  # ledger, Prefect, logs, outbox, reports, …
    assert {"ledger", "prefect", "logs", "outbox", "reports"} <= {path.name for path in places}
    assert byte_search([*places, tmp_path, system.home.parent / "up.log", Path(system.environment["TMPDIR"])], CONTACTS) == []


def test_a_returned_form_is_named_by_its_digits(system: System) -> None:
    assert run_flow(system, "receive-returns")["type"] == "COMPLETED"
    refused = wait_for(lambda: list((system.home / "returns").glob("refused/*.xlsx")), 30, "the form that is none")
    digits = refused[0].name.partition("-")[0]
    assert RESTRICTED_TITLE in refused[0].name
    shown = [system.home / "prefect", system.home / "logs", system.home.parent / "up.log"]
    wait_for(lambda: byte_search([system.home / "prefect"], [digits]), 30, "the log of the form")
    assert byte_search(shown, [RESTRICTED_TITLE]) == []


def test_credentials_are_in_their_files_and_nowhere_else(system: System) -> None:
    auth = system.home / "prefect" / "auth"
    kept = [json.loads(path.read_text("ascii")) for path in (system.home / "store" / "credentials").glob("*.json")]
    words = [auth.read_text("ascii").strip().split(":")[1], *(value for one in kept for value in one.values())]
    assert len(words) > 8 and byte_search([auth], words) != []
    shown = [path for path in (system.home / "prefect").rglob("*") if path.is_file() and path != auth]
    shown += [system.home / name for name in ("logs", "run", "outbox", "ledger", "quarantine")]
    assert byte_search([*shown, system.home.parent / "up.log"], words) == []
    lines = [" ".join(process.cmdline()) for process in system.children().values()]
    assert lines and not [line for line in lines if any(word in line for word in words)]


SECRET = "青岗岭第七号储备库将于明年六月底前扩建"


def secret_letter() -> str:
    marked = LETTER.replace("公开属性：主动公开", "机密★10年\n公开属性：不予公开")
    return marked.replace("2026年9月底前", SECRET + "，2026年9月底前")


def secret_files() -> dict[str, bytes]:
    """The same marked letter in every kind of format, by the end of its file's name."""
    text = secret_letter()
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    paper = scanned(sheets(cid_pdf(text), 150)[0], seed=1, skew=0.4, noise=4.0)
    files = {
        "秘一.txt": text.encode("gb18030"),
        "秘二.utf16.txt": text.encode("utf-16"),
        "秘三.html": site_page(text).replace(b"<h1>", b"<p>" + "机密★10年".encode() + b"</p><h1>"),
        "秘四.docx": docx_file(text),
        "秘五.doc": doc_file(text),
        "秘六.pdf": cid_pdf(text),
        "秘七.ofd": ofd_letter(text),
        "秘八.eml": mail(text),
        "秘九.eml": mail("见附件。", attachments=(("函.docx", docx_file(text + "\n附"), word),)),
        "秘十.zip": bundle({"函.txt": (text + "\n附").encode("gb18030")}, stored=True),
        "秘十一.pdf": as_pdf([paper], 150),
        "秘十二.png": as_image(paper, "PNG", 150),
        "秘十三.wps": doc_file(text + "\n附"),
    }
    if converter.available()["LibreOffice"]:  # without it the file is refused before anything in it is read
        files["秘十四.rtf"] = rtf_file(text)
    return {f"{SECRET_TITLE}{end}": content for end, content in files.items()}


def telling(content: bytes) -> bytes:
    """48 bytes, from the middle on if there are such, that stand in no other file by chance."""
    starts = [*range(len(content) // 2, len(content) - 48), *range(len(content) // 2)]
    return next(content[at : at + 48] for at in starts if len(set(content[at : at + 48])) > 20)


def test_nothing_of_a_secret_letter_is_anywhere_but_in_quarantine(system: System) -> None:
    files = secret_files()
    before = set(Path(tempfile.gettempdir()).iterdir())
    for name, content in files.items():
        put(system, name, content)
    system.wait_empty_inbox(120)  # the scan is read by OCR
    restricted = system.home / "quarantine" / "restricted"
    assert {path.name for path in restricted.iterdir() if not path.name.endswith(".why.json")} == files.keys()
    assert restricted.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in restricted.iterdir())

    places = [path for path in system.home.iterdir() if path.name != "quarantine"]
    places += [path for path in (system.home / "quarantine").iterdir() if path != restricted]
    places += [*restricted.glob("*.why.json"), system.home.parent / "up.log", Path(system.environment["TMPDIR"])]
    temporary = set(Path(tempfile.gettempdir()).iterdir()) - before
    places += [path for path in temporary if not path.name.startswith("pytest-")]
    assert byte_search(places, [SECRET, "青岗岭第七号储备库"]) == []
    # Of packed formats also raw bytes: a copy of the file would not show by its words.  Others' files in the shared folder
    # may be made of the same parts, so there only words are looked for; the system's own are in a folder of its own.
    packed = (".docx", ".pdf", ".ofd", ".png", "九.eml")
    chunks = [telling(content) for name, content in files.items() if name.endswith(packed)]
    own = [path for path in places if path.is_relative_to(system.home.parent)]
    assert Path(system.environment["TMPDIR"]) in own and byte_search(own, [], chunks) == []
    names = [path for path in places if not path.name.endswith(".why.json")]  # those lie beside the letter, as private
    assert byte_search(names, [SECRET_TITLE]) == []
    status = duban(system, "status").stdout  # the operator at the machine is told which files
    assert all(name in status for name in files) and SECRET not in status
    assert byte_search([restricted], [SECRET]) != []


def test_new_rules_are_shown_first_and_filed_beside_the_old(system: System, tmp_path: Path) -> None:
    """In a process of its own: a running one keeps its directory."""
    directory = tmp_path / "agencies.toml"
    directory.write_text(system.settings.agencies.read_text("utf-8").replace("交通运输局", "城市交通局"), "utf-8")
    command = [sys.executable, "-m", "flows.cli", "replay"]
    environment = system.environment | {"DUBAN_AGENCIES": str(directory)}
    before = LedgerCopy(system.settings.database_url)
    keys = {row["record_key"] for row in before.letter_rows()}
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert shown.returncode == 0 and "letters 3" in shown.stdout and "nothing was written" in shown.stdout, shown.stderr
    assert "owners" in shown.stdout and {row["record_key"] for row in before.letter_rows()} == keys
    done = subprocess.run([*command, "--apply"], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    after = {row["record_key"] for row in before.letter_rows()}
    assert len(after) == 3 and not after & keys
    checked = duban(system, "verify", "--all")
    assert checked.exit_code == 0, checked.output
    before.close()


def test_the_ledger_comes_back_from_the_running_archive_and_an_edited_one_is_named(system: System, tmp_path: Path) -> None:
    """Into another database: the running one stays as it is and is what the rebuilt one must equal."""
    assert duban(system, "seal", "--day", "2099-01-01").exit_code == 2
    assert duban(system, "seal", "--day", str(datetime.now(ZoneInfo("Asia/Shanghai")).date())).exit_code == 0
    other = {"DUBAN_LEDGER_URL": f"sqlite:///{tmp_path / 'rebuilt.db'}"}
    restored = duban(system, "restore", **other)
    assert restored.exit_code == 0, restored.output
    before, after = LedgerCopy(system.settings.database_url), LedgerCopy(other["DUBAN_LEDGER_URL"])
    assert list(after.rows()) == list(before.rows())
    with sqlite3.connect(tmp_path / "rebuilt.db") as connection:
        connection.execute("UPDATE commitments SET quote = '已改' WHERE place = (SELECT min(place) FROM commitments)")
    found = duban(system, "verify", "--all", "--json", **other)
    assert found.exit_code == 1
    assert {row["code"] for row in json.loads(found.stdout) if row["severity"] == "damage"} == {"ledger_changed"}
    before.close()
    after.close()
