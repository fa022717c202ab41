"""A person opens a letter's page in Prefect's UI and sees each commitment marked on its page of the original."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from flows import parts, prefect_server
from tests.reading.sample_files import docx_file, typst_pdf, weasy_pdf
from tests.reading.scan_files import as_pdf, scanned, sheets
from tests.system.running import System, letter, wait_for
from tests.system.test_browser import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("DUBAN_TEST_EVERYTHING"), reason="no Chromium on this machine"
    ),
]


def page_of(system: System, name: str, data: bytes, holds: str) -> Any:
    """The letter's page in Prefect, once it holds these words."""
    aside = system.home / f".{name}"
    aside.write_bytes(data)
    aside.rename(system.home / "inbox" / name)
    system.wait_empty_inbox()
    row = system.ledger().letter_of(hashlib.sha256(data).hexdigest())
    assert row is not None, system.logs_tail()
    asked = {"artifacts": {"key": {"any_": [f"letter-{row['id'].lower()}"]}}}

    def found() -> Any:
        shown = system.api("/artifacts/filter", asked)
        return shown and holds in shown[0]["data"] and shown[0]

    return wait_for(found, 30, f"{holds} on the page; {system.logs_tail()}")


def test_the_picture_is_seen(system: System, tmp_path: Path) -> None:
    shown = page_of(system, "picture.pdf", typst_pdf(letter(401)), "data:image/png")
    assert len(shown["data"]) < 150_000
    ports = parts.known_ports(system.settings)
    assert ports is not None
    url = prefect_server.ui_url(ports.prefect)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(url)
        page.get_by_placeholder("admin:pass").fill(prefect_server.auth_string(system.home))
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard*")
        page.goto(f"{url}artifacts/artifact/{shown['id']}")
        pictures = page.locator("img[alt^=原件第]")
        expect(pictures.first).to_be_visible(timeout=20_000)
        widths = pictures.evaluate_all("all => all.map(one => one.naturalWidth)")
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        browser.close()
    assert widths == [1000] * len(shown["data"].split("   > ")[1:])  # one under each commitment, at its full width
    assert "1234567" not in shown["data"]


def test_a_format_without_pages_shows_the_words_around(system: System) -> None:
    shown = page_of(system, "words.docx", docx_file(letter(402)), "## 存放位置")
    assert "加装座椅152个。 **下一步，我局将在2026年9月底前再改造公交站点25个，为每个站点配齐遮雨棚和扶手。**" in shown["data"]
    assert "原件页面图" not in shown["data"]


def test_of_a_restricted_letter_there_is_no_picture(system: System) -> None:
    text = letter(403).replace("主动公开", "不予公开")
    assert "不予公开" in text
    shown = page_of(system, "restricted.pdf", typst_pdf(text), "## 存放位置")
    page_of(system, "after.pdf", typst_pdf(letter(404)), "data:image/png")  # drawn after it, had it been drawn
    assert "本件不主动公开" in shown["data"]
    found = system.api("/artifacts/filter", {"artifacts": {"id": {"any_": [shown["id"]]}}})[0]["data"]
    assert "data:" not in found
    assert "公交站点" not in found


def test_a_scan_is_drawn_too_and_its_recognition_is_told_page_by_page(system: System) -> None:
    data = as_pdf([scanned(sheet, 1, skew=0.6) for sheet in sheets(weasy_pdf(letter(405)), 150)], 150)
    shown = page_of(system, "scan.pdf", data, "data:image/png")
    assert "9月底前再改造公交站点25个" in shown["data"]
    key = f"pages-{hashlib.sha256(data).hexdigest()[:16]}"
    (progress,) = system.api("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
    assert float(progress["data"]) == 100.0
    run = {"flow_run_id": {"any_": [shown["flow_run_id"]]}}
    told = wait_for(
        lambda: [one["message"] for one in system.api("/logs/filter", {"logs": run}) if "recognised" in one["message"]],
        20, "lines of the run's log",
    )  # fmt: skip
    assert told[0].startswith("recognised page 1 of ")
