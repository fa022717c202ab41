"""A whole system as a value: real server, real store, real worker, as `duban up` starts them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows import parts, prefect_server, up
from flows.adapters.sql_ledger import SqlLedger
from flows.settings import Settings, load_settings

_OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
LETTER = Path("flows/demo/letter.txt").read_text("utf-8")


def wait_for(holds: Callable[[], Any], within: float, what: str) -> Any:
    """The first true answer of ``holds``; fails the test with ``what`` after ``within`` seconds."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {within:.0f} s: {what}")


@dataclass
class System:
    """A `duban up` of its own state directory."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[str] | None = None

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.home)

    def start(self) -> None:
        log = (self.home.parent / "up.log").open("a")
        command = [sys.executable, "-m", "flows.cli", "up"]
        self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, text=True)
        wait_for(self.is_ready, 150, f"ready; logs: {self.logs_tail()}")

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.logs_tail()
        ports = parts.known_ports(self.settings)
        return ports is not None and up.is_ready(self.settings, ports)

    def logs_tail(self) -> str:
        files = [self.home.parent / "up.log", *(self.home / "logs").glob("*.log")]
        return "\n".join(f"{f.name}: {f.read_text('utf-8', 'replace')[-1500:]}" for f in files if f.exists())

    def stop(self) -> float:
        """SIGTERM; seconds until all has ended."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(30)
        return time.monotonic() - begun

    def children(self) -> dict[str, psutil.Process]:
        """The running parts by name."""
        found = {}
        for process in psutil.process_iter():
            try:
                if process.environ().get("DUBAN_INSTANCE") != str(self.home):
                    continue
                words = process.cmdline()
            except psutil.Error:
                continue
            if "weed" in Path(words[0]).name:
                found["store"] = process
            elif "flows.prefect_app:create" in words:
                found["server"] = process
            elif words[-1:] in (["worker"], ["supervisor"]):
                found[words[-1]] = process
        return found

    def ledger(self) -> SqlLedger:
        return SqlLedger(self.settings.database_url)

    def drop(self, name: str, text: str) -> Path:
        aside = self.home / f".{name.replace('/', '_')}.aside"
        aside.write_text(text, "utf-8")
        target = self.home / "inbox" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(target)
        return target

    def inbox_files(self) -> list[Path]:
        return [path for path in (self.home / "inbox").rglob("*") if path.is_file()]

    def wait_empty_inbox(self, within: float = 60) -> None:
        wait_for(lambda: not self.inbox_files(), within, f"an empty inbox; {self.inbox_files()} {self.logs_tail()}")

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask Prefect's own API."""
        ports = parts.known_ports(self.settings)
        assert ports is not None
        token = base64.b64encode(prefect_server.auth_string(self.home).encode()).decode()
        request = urllib.request.Request(
            f"{prefect_server.api_url(ports.prefect)}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        until = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as fault:
                if fault.code != 503 or time.monotonic() > until:  # 503: the server's database is busy, ask again
                    raise
            time.sleep(0.2)

    def start_deployment(self, name: str, parameters: dict[str, Any]) -> str:
        """Start a deployment as the UI does; its run's id."""
        deployment = self.api(f"/deployments/name/{name}/{name}")
        return str(self.api(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": parameters})["id"])

    def end_of(self, run: str, within: float = 60) -> dict[str, Any]:
        """The run's final state, once it has one."""
        state = wait_for(
            lambda: (s := self.api(f"/flow_runs/{run}")["state"])["type"] in _OVER and s, within, f"the end of run {run}"
        )
        assert isinstance(state, dict)
        return state

    def run_deployment(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Start a deployment as the UI does; its final state."""
        return self.end_of(self.start_deployment(name, parameters))


def letter(number: int) -> str:
    """The sample letter on another proposal, under another document number: other bytes, the same promises."""
    return LETTER.replace("〔2026〕18号", f"〔2026〕{number}号").replace("第042号", f"第{number}号")
