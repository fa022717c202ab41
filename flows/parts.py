"""The parts ``duban up`` starts on one machine, and the ports they answer on."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flows import prefect_server
from flows.adapters import embedded_store
from flows.adapters.port_leases import PortLeases, is_free
from flows.letters.errors import SettingsError
from flows.settings import Settings

PARTS = ("store", "server", "worker")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where Prefect's server and the embedded store's S3 gateway (0: a store of the site's own) answer, on loopback."""

    prefect: int
    store: int


def wanted(settings: Settings) -> tuple[str, ...]:
    """The parts to start: the embedded store only where the site names none of its own."""
    return tuple(part for part in PARTS if part != "store" or not settings.store_url)


def choose_ports(settings: Settings, leases: PortLeases) -> Ports:
    """The ports of this start, remembered so that other commands find the running system; held in ``leases``."""
    before = known_ports(settings)
    prefect = leases.first([settings.prefect_port, *([before.prefect] if before else [])], settings.prefect_host)
    store = 0 if settings.store_url else embedded_store.prepare(settings.home, settings.store_port, leases).ports["s3"]
    chosen = Ports(prefect, store)
    path = settings.run / "ports.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(asdict(chosen)), encoding="ascii")
    aside.replace(path)
    return chosen


def known_ports(settings: Settings) -> Ports | None:
    """The ports of the running (or last) system; None before the first start."""
    path = settings.run / "ports.json"
    return Ports(**json.loads(path.read_text(encoding="ascii"))) if path.exists() else None


def part_command(part: str, settings: Settings) -> tuple[Sequence[str], Path, dict[str, str]]:
    """Command line, working directory and environment of one part; ports must have been chosen before."""
    ports = known_ports(settings)
    if ports is None:
        raise SettingsError(f"{settings.run / 'ports.json'} is missing; start the system with duban up")
    if part == "store":
        store = embedded_store.known(settings.home)  # as chosen at the start: the others know these ports
        if store is None:
            raise SettingsError(f"the embedded store under {settings.home} was never prepared; start duban up")
        return store.argv, store.directory, store.environment
    if part == "server":
        environment = prefect_server.server_environment(settings, ports.prefect)
        return prefect_server.server_command(settings, ports.prefect), Path.cwd(), environment
    if part == "worker":
        return [], Path.cwd(), prefect_server.client_environment(settings, ports.prefect)
    raise SettingsError(f"no part of duban is called {part!r}; there are {', '.join(PARTS)}")


def taken_port(part: str, settings: Settings) -> str | None:
    """The first address on which a part is to listen and another program does already; None where all are free."""
    ports, store = known_ports(settings), embedded_store.known(settings.home)
    addresses = []
    if part == "server" and ports is not None:
        addresses = [(settings.prefect_host, ports.prefect)]
    elif part == "store" and store is not None:
        addresses = [("127.0.0.1", port) for port in store.every_port]
    return next((f"{host}:{port}" for host, port in addresses if not is_free(port, host)), None)


def mark_refused(settings: Settings, why: str) -> None:
    """Called by a part where settings, store or a port that is taken do not allow it to begin."""
    with _refused_mark(settings).open("a", encoding="utf-8") as mark:
        mark.write(json.dumps(why) + "\n")


def refusals(settings: Settings) -> list[str]:
    """Why parts refused to begin since this start, the latest last."""
    mark = _refused_mark(settings)
    whole = mark.read_text(encoding="utf-8").split("\n")[:-1] if mark.exists() else []
    return [json.loads(line) for line in whole]


def forget_refusals(settings: Settings) -> None:
    """A new start begins without those of the last."""
    _refused_mark(settings).unlink(missing_ok=True)


def _refused_mark(settings: Settings) -> Path:
    return settings.run / "parts.refused"


def child_environment(home: Path) -> dict[str, str]:
    """The environment of every child; the mark lets a later start find what a crash left behind."""
    return {**os.environ, "DUBAN_HOME": str(home), "DUBAN_INSTANCE": str(home), "PYTHONUNBUFFERED": "1"}
