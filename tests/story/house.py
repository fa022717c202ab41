"""Everything the story runs on, each part real: Prefect's server, SeaweedFS, PostgreSQL, a mail server, a process for flows."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flows import parts, prefect_server, up
from flows.adapters import embedded_store
from flows.adapters.port_leases import PortLeases
from flows.adapters.sql_ledger import SqlLedger
from flows.cli import duban
from flows.settings import Settings, load_settings
from tests.ledger.databases import Databases
from tests.notices.mailbox import Mailbox, served
from tests.story.letters import HERE

_READY_WITHIN = 120.0


class FlowDied(Exception):
    """The process that ran the flow was killed in the middle of it."""


@dataclass
class Postman:
    """What befalls the mail server: it loses an answer now and then, and sometimes takes the sender's process with it.

    Both happen after the mail was taken, before its sender hears of it: the worst moment.
    """

    box: Mailbox
    lose_every: int = 7
    kill_at: tuple[int, ...] = ()
    victim: int | None = None
    taken: int = 0
    lost: int = 0
    killed: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        return await self.box.handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        said = await self.box.handle_DATA(server, session, envelope)
        self.taken += 1
        if self.taken in self.kill_at and self.victim is not None:
            self.killed += 1
            os.kill(self.victim, signal.SIGKILL)
        elif self.taken % self.lose_every == 0:
            self.lost += 1
            return "451 the answer is lost"
        return said


@dataclass
class House:
    """The running parts; ``asked`` counts the flow runs by name and state as they came back."""

    settings: Settings
    environment: dict[str, str]
    ledger: SqlLedger
    postman: Postman
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    runner: subprocess.Popen[str] | None = None

    def run(self, flow: str, today: date | None = None, **parameters: Any) -> dict[str, Any]:
        """Run a flow to its end, as of ``today``; ``FlowDied`` where its process was killed."""
        if today is not None:
            parameters["today"] = today.isoformat()
        return self._ask({"flow": flow, "parameters": parameters})

    def take_up(self) -> list[dict[str, Any]]:
        """After a death: what the dead process left unfinished, run to its end."""
        return [self._ask({"again": run}) for run in self._started()["left"]]

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self._started()
        assert self.runner is not None and self.runner.stdin is not None and self.runner.stdout is not None
        self.runner.stdin.write(json.dumps(question) + "\n")
        self.runner.stdin.flush()
        line = self.runner.stdout.readline()
        if not line:
            self.runner.wait(10)
            self.runner = None
            raise FlowDied(question.get("flow", ""))
        told: dict[str, Any] = json.loads(line)
        self.asked[told["flow"], told["type"]] += 1
        return told

    def _started(self) -> dict[str, Any]:
        """The flows' process; what it says when it begins, ``{}`` where it was there already."""
        if self.runner is not None:
            return {}
        with (self.settings.home / "flows.log").open("a") as log:
            self.runner = subprocess.Popen(
                [sys.executable, "-m", "tests.story.day_runner"],
                env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.runner.stdout is not None
        line = self.runner.stdout.readline()
        assert line, (self.settings.home / "flows.log").read_text("utf-8")[-3000:]
        self.postman.victim = self.runner.pid
        told: dict[str, Any] = json.loads(line)
        return told

    def api(self, path: str, body: dict[str, Any]) -> Any:
        """Ask Prefect's own API."""
        ports = parts.known_ports(self.settings)
        assert ports is not None
        token = base64.b64encode(prefect_server.auth_string(self.settings.home).encode()).decode()
        request = urllib.request.Request(
            f"{prefect_server.api_url(ports.prefect)}{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def duban(self, *arguments: str | Path, **more: str) -> Result:
        """A command as the office types it."""
        given = {name: value for name, value in self.environment.items() if name.startswith("DUBAN_")}
        return CliRunner().invoke(duban, [str(a) for a in arguments], env=given | more)


@contextmanager
def house(root: Path) -> Iterator[House]:
    """Start every part, and end all of them."""
    home, databases = root / "var", Databases(root)
    running: list[subprocess.Popen[Any]] = []
    postman = Postman(Mailbox(), kill_at=(5, 23, 60))
    with served(postman.box, postman), PortLeases() as leases:
        given = {
            "HOME": str(home), "AGENCIES": str(HERE / "agencies.toml"),
            "MAIL_SERVER": postman.box.url, "MAIL_SENDER": "督办室 <duban@example.gov.cn>", "SETTLE_SECONDS": "0",
        }  # fmt: skip
        settings = _settings(given)
        up.prepare(settings)
        parts.choose_ports(settings, leases)
        # The clock is turned by hand: nothing runs by itself at today's real time.
        by_hand = {"PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false"}
        base = {**parts.child_environment(home), **by_hand}
        made: House | None = None
        try:
            for part in ("store", "server"):
                with (home / f"{part}.log").open("ab") as log:
                    command = [sys.executable, "-m", "flows.child", part]
                    environment = {**base, **_as_environment(given)}
                    running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            given["LEDGER_URL"] = databases.fresh("postgresql")  # while store and server start
            settings = _settings(given)
            ledger = SqlLedger(settings.database_url)
            ledger.create()
            made = House(settings, {**base, **_as_environment(given)}, ledger, postman)
            _wait_until_ready(settings)
            yield made
        finally:
            ending = [*([made.runner] if made and made.runner else []), *running]
            for process in ending:
                process.terminate()
            for process in ending:
                process.wait(20)
            if made:
                made.ledger.close()
            databases.stop()


def _settings(given: dict[str, str]) -> Settings:
    return load_settings(**{name.lower(): value for name, value in given.items()})


def _as_environment(given: dict[str, str]) -> dict[str, str]:
    return {f"DUBAN_{name}": value for name, value in given.items()}


def _wait_until_ready(settings: Settings) -> None:
    store, ports = embedded_store.known(settings.home), parts.known_ports(settings)
    assert store is not None and ports is not None
    store.wait_ready()
    store.create_buckets()
    until = time.monotonic() + _READY_WITHIN
    while not prefect_server.is_healthy(settings, ports.prefect):
        if time.monotonic() > until:
            pytest.fail(f"Prefect's server does not answer; see {settings.home}")
        time.sleep(0.1)
