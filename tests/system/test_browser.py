"""A person opens Prefect's UI in a real browser, signs in, and sees the letter's run and its page."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import Request, expect, sync_playwright

from flows import parts, prefect_server
from tests.system.running import System, letter

pytestmark = pytest.mark.timeout(240)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("DUBAN_TEST_EVERYTHING"), reason="no Chromium on this machine"
)
def test_the_letter_is_seen_in_the_ui_and_nothing_is_fetched_from_elsewhere(system: System) -> None:
    system.drop("browser.txt", letter(301))
    system.wait_empty_inbox()
    ports = parts.known_ports(system.settings)
    assert ports is not None
    url, foreign = prefect_server.ui_url(ports.prefect), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        def note(asked: Request) -> None:
            # Refused by the page's policy is as good as never asked; whatever else leaves for elsewhere is not.
            if not asked.url.startswith((url, "data:", "blob:")) and asked.failure != "csp":
                foreign.append(f"{asked.url} {asked.failure}")

        page.on("requestfinished", note)
        page.on("requestfailed", note)
        page.goto(url)
        page.get_by_placeholder("admin:pass").fill(prefect_server.auth_string(system.home))
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard*")
        page.goto(f"{url}runs")
        run = page.get_by_role("link", name="云湖交提复〔2026〕301号").first
        expect(run).to_be_visible(timeout=20_000)
        page.goto(f"{url}artifacts")
        shown = page.get_by_text("云湖交提复〔2026〕301号").first
        expect(shown).to_be_visible(timeout=20_000)
        browser.close()
    assert foreign == []
