"""How the embedded store is started: private files, loopback only, its back doors shut, its ports remembered."""

from __future__ import annotations

import socket
import stat
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from flows.adapters.embedded_store import EmbeddedStore, known, prepare
from flows.adapters.s3_archive import S3Archive
from tests.store.running_store import start, stop


def test_every_file_is_private(home: Path) -> None:
    prepared = prepare(home, port=0)
    for path in [prepared.directory, *prepared.directory.rglob("*")]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_preparing_twice_keeps_secrets_and_ports(home: Path) -> None:
    first = prepare(home, port=0)
    assert prepare(home, port=0) == first
    assert known(home) == first
    assert known(home / "elsewhere") is None


def test_a_taken_port_is_left_alone(home: Path) -> None:
    first = prepare(home, port=0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["s3"]))
        other.listen()
        second = prepare(home, port=0)
    assert second.ports["s3"] != first.ports["s3"]
    assert second.ports["filer"] == first.ports["filer"]


def test_it_listens_on_loopback_only(store: EmbeddedStore) -> None:
    listening = [c for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port in _all(store)]
    assert len(listening) >= 9
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("part", "path"),
    [("master", "/col/delete?collection=duban"), ("master", "/dir/status"), ("filer", "/buckets/duban/")],
)
def test_the_ways_round_the_lock_are_shut(store: EmbeddedStore, archive: S3Archive, part: str, path: str) -> None:
    archive.put("t/behind", b"1", media_type="text/plain")
    for method in ("GET", "DELETE", "POST"):
        answer = httpx.request(method, f"http://127.0.0.1:{store.ports[part]}{path}", trust_env=False)
        assert answer.status_code in (401, 403, 404, 405)
    assert archive.get("t/behind") == b"1"


def test_grpc_refuses_who_has_no_certificate(store: EmbeddedStore, archive: S3Archive, tmp_path: Path) -> None:
    archive.put("t/shell", b"1", media_type="text/plain")
    master = store.ports["master"]
    shell = [store.argv[0], "shell", f"-master=127.0.0.1:{master}.{master + 10_000}"]
    command = b"fs.rm -rf /buckets/duban/t\nexit\n"
    with pytest.raises(subprocess.TimeoutExpired):  # it waits for a master that does not answer it
        subprocess.run(shell, cwd=tmp_path, input=command, capture_output=True, timeout=3, check=False)
    assert archive.get("t/shell") == b"1"


def test_everything_is_there_after_a_restart_on_other_ports(home: Path) -> None:
    first = prepare(home, port=0)
    process = start(first)
    first.create_buckets()
    before = S3Archive(first.writer).put("k", b"kept", media_type="text/plain")
    process.kill()
    process.wait()
    (first.directory / "ports.json").unlink()
    second = prepare(home, port=0)
    process = start(second)
    try:
        second.create_buckets()
        assert S3Archive(second.writer).get("k") == b"kept"
        assert S3Archive(second.writer).receipt("k") == before
    finally:
        stop(process)


def _all(store: EmbeddedStore) -> set[int]:
    return {p for port in store.ports.values() for p in (port, port + 10_000)}
