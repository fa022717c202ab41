"""Systems started in the same second choose different ports, and give them back when they end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import parts
from flows.adapters import embedded_store
from flows.adapters.port_leases import PortLeases, any_port
from flows.letters.errors import SettingsError
from flows.settings import load_settings

CHOOSER = """
import json, sys
from pathlib import Path
from flows import parts
from flows.adapters import embedded_store
from flows.adapters.port_leases import PortLeases
from flows.settings import load_settings

home, port = Path(sys.argv[1]), int(sys.argv[2])
settings = load_settings(home=home, prefect_port=port, store_port=port + 1)
print("here", flush=True)
sys.stdin.readline()
with PortLeases() as leases:
    chosen = parts.choose_ports(settings, leases)
    ports = embedded_store.known(home).ports
    print(json.dumps([chosen.prefect, *ports.values(), *(port + 10_000 for port in ports.values())]), flush=True)
    sys.stdin.readline()
"""


class Chooser:
    """A process that has settings of its own, chooses at a word, and goes on at another."""

    def __init__(self, home: Path, port: int) -> None:
        command = [sys.executable, "-c", CHOOSER, str(home), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def choosers(tmp_path: Path) -> Iterator[list[Chooser]]:
    wanted = any_port() % 10_000 + 20_000
    made = [Chooser(tmp_path / str(number), wanted) for number in range(4)]
    yield made
    for one in made:
        one.process.kill()
        one.process.communicate()


def test_those_who_choose_at_once_choose_differently(choosers: list[Chooser]) -> None:
    assert {one.hear() for one in choosers} == {"here\n"}
    for one in choosers:
        one.tell()
    chosen = [json.loads(one.hear()) for one in choosers]
    every = [port for ports in chosen for port in ports]
    assert len(every) == len(set(every)) == 4 * 11, chosen

    with PortLeases() as leases:
        assert not leases.take(chosen[0][0])
        choosers[0].process.kill()
        choosers[0].process.wait()
        assert leases.take(*chosen[0])  # the kernel gave them back


def test_a_listener_is_seen_on_the_address_that_is_asked_about() -> None:
    with socket.socket() as listener, PortLeases() as leases:
        listener.bind(("127.0.0.9", 0))
        listener.listen()
        port = int(listener.getsockname()[1])
        assert not leases.take(port, host="127.0.0.9")
        assert leases.take(port)
    with PortLeases() as leases, pytest.raises(SettingsError, match="address of this machine"):
        leases.first([], host="192.0.2.1")


def test_all_or_none_are_held() -> None:
    with PortLeases() as mine, PortLeases() as other:
        first, second = mine.first([]), other.first([])
        assert not mine.take(first)
        third = any_port()
        assert not mine.take(third, second)
        assert other.take(third)


INTRUDER = """
import socket, sys
from pathlib import Path
from flows import parts, up
from flows.adapters.port_leases import any_port
from flows.settings import load_settings

choose = parts.choose_ports

def taken_meanwhile(settings, leases):
    chosen = choose(settings, leases)
    global intruder
    intruder = socket.create_server(("127.0.0.1", chosen.prefect))
    return chosen

parts.choose_ports = taken_meanwhile
settings = load_settings(home=Path(sys.argv[1]), prefect_port=any_port())
up.prepare(settings)
up.up(settings, lambda ports: print("ready"))
"""


@pytest.mark.timeout(120)
def test_a_port_taken_between_choice_and_start_is_told_at_once(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", INTRUDER, str(tmp_path / "var")], capture_output=True, text=True, timeout=110)
    assert "was taken by another program while duban started" in told.stderr.splitlines()[-1]
    assert told.returncode == 1 and "ready" not in told.stdout


def test_each_part_is_asked_about_its_own_ports(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, prefect_port=any_port())
    with PortLeases() as leases:
        chosen = parts.choose_ports(settings, leases)
        assert [parts.taken_port(part, settings) for part in parts.PARTS] == [None, None, None]  # leased by us is free to us
        store = embedded_store.known(tmp_path)
        assert store is not None
        for part, port in (("server", chosen.prefect), ("store", store.every_port[-1])):
            with socket.create_server(("127.0.0.1", port)):
                assert parts.taken_port(part, settings) == f"127.0.0.1:{port}"
