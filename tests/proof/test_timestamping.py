"""RFC 3161 tokens against a real authority: OpenSSL's, behind a small HTTP server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.timestamping import TimestampAuthority, check_token
from flows.letters.errors import SettingsError, Unavailable
from flows.seal_archive import stamp_days
from flows.verify_archive import Plan, verify_archive
from tests.proof.letters_for_proof import sealed

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is the authority here")

_CONFIG = """
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = Test TSA
[ ca ]
basicConstraints = critical, CA:TRUE
[ tsa ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ policy ]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""


def _openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    program = shutil.which("openssl")
    assert program is not None
    return subprocess.run([program, *map(str, arguments)], input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    folder = tmp_path_factory.mktemp("tsa")
    config = folder / "tsa.conf"
    config.write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    new = ("req", "-new", "-nodes", "-config", config, "-newkey", "rsa:2048", "-subj")
    _openssl(*new, "/CN=Test CA", "-x509", "-days", "9999", "-extensions", "ca", "-keyout", folder / "ca.key",
             "-out", folder / "ca.pem")  # fmt: skip
    _openssl(*new, "/CN=Test TSA", "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr")
    signed = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-set_serial", "2", "-out", folder / "tsa.pem")
    extended = ("-extfile", config, "-extensions", "tsa")
    _openssl("x509", "-req", "-in", folder / "tsa.csr", "-days", "9999", *signed, *extended)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            reply = _openssl("ts", "-reply", "-config", config, "-section", "policy", "-queryfile", query)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the test's own output is enough."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield TimestampAuthority(f"http://127.0.0.1:{server.server_port}", folder / "ca.pem")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_proves_the_document_and_no_other(authority: TimestampAuthority) -> None:
    token = authority.stamp(b"document")
    assert authority.check(b"document", token).endswith("Z")
    with pytest.raises(ValueError, match=r"(?i)mismatch|not match"):
        authority.check(b"another", token)
    with pytest.raises(ValueError):
        authority.check(b"document", token[:-40])


def test_days_are_stamped_once_and_verified(authority: TimestampAuthority, tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    sealed(archive, range(1, 2), date(2024, 5, 8))
    sealed(archive, range(2, 3), date(2024, 5, 9))
    assert stamp_days(archive, authority.stamp) == ["days/2024/2024-05-08.tsr", "days/2024/2024-05-09.tsr"]
    assert stamp_days(archive, authority.stamp) == []
    plan = Plan(check_token=authority.check)
    checked = verify_archive(archive, plan)
    assert checked.whole and len(checked.timestamps) == 2
    first, second = (tmp_path / f"days/2024/2024-05-0{n}.tsr" for n in (8, 9))
    content = second.read_bytes()
    first.chmod(0o600)
    first.write_bytes(content)
    assert [f.code for f in verify_archive(archive, plan).damage] == ["timestamp_wrong"]


def test_an_authority_that_is_away_is_unavailable(tmp_path: Path, authority: TimestampAuthority) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        TimestampAuthority("http://127.0.0.1:9", tmp_path / "ca.pem").stamp(b"document")
    with pytest.raises(SettingsError, match="cannot be read"):
        check_token(b"document", authority.stamp(b"document"), tmp_path / "missing.pem")
