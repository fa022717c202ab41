"""Every channel against a real receiver: an SMTP server, an HTTP server; what is down, what refuses, what comes twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flows.adapters.chat_channel import ChatChannel, message
from flows.adapters.smtp_channel import MailServer, SmtpChannel
from flows.adapters.webhook_channel import WebhookChannel, signature_fault
from flows.letters.errors import SettingsError, Unavailable, Undeliverable
from flows.letters.notices import hand_off, numbered
from flows.letters.routing import route
from tests.notices.ledger_samples import DIRECTORY, GOLD, record_of
from tests.notices.mailbox import Mailbox, mail_server

RECORD = record_of(GOLD[4])
NOTICE = numbered(hand_off(RECORD, route(RECORD, DIRECTORY), DIRECTORY)[0], 12)
SECRET = b"a secret of the two sides, long enough"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def by_mail(url: str, address: str | None) -> SmtpChannel:
    return SmtpChannel(MailServer.of(url), "督办室 <duban@example.gov.cn>", lambda agency_id: address)


def test_a_mail_carries_sheet_event_and_paper(mailbox: Mailbox) -> None:
    assert by_mail(mailbox.url, "csgl@example.cn").deliver(NOTICE) == "mailto:csgl@example.cn"
    mail = mailbox.mails[-1]
    assert mail["Message-ID"] == f"<{NOTICE.id}@example.gov.cn>"
    assert mail["Subject"] == "承诺事项交办单（督交〔2026〕12号）"
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == NOTICE.sheet.strip()
    attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert json.loads(attached[f"{NOTICE.id}.json"])["id"] == NOTICE.id
    assert attached["承诺事项交办单.pdf"].startswith(b"%PDF")


@pytest.mark.parametrize(
    ("address", "fate", "said"),
    [("nobody@a.cn", Undeliverable, "550"), ("busy@a.cn", Unavailable, "451"), (None, Undeliverable, "no mail address")],
)
def test_a_mail_that_is_refused(
    mailbox: Mailbox, address: str | None, fate: type[Exception], said: str
) -> None:
    with pytest.raises(fate, match=said):
        by_mail(mailbox.url, address).deliver(NOTICE)


def test_a_mail_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        by_mail("smtp://127.0.0.1:1", "a@example.cn").deliver(NOTICE)


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example.cn"])
def test_a_wrong_mail_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="mail server"):
        MailServer.of(url)


class Receiver(ThreadingHTTPServer):
    """Answers with the status its path names and keeps what it was sent, each key once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.kept: dict[str, bytes] = {}

    def url(self, status: int) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{status}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        self.server.kept.setdefault(self.headers.get("Idempotency-Key", ""), body)
        status = int(self.path.strip("/").split("/")[0] or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def by_webhook(address: str | None, clock: float = 1_790_000_000.0) -> WebhookChannel:
    return WebhookChannel(SECRET, lambda agency_id: address, lambda: clock)


def test_a_webhook_is_signed_and_counts_once(receiver: Receiver) -> None:
    channel = by_webhook(receiver.url(200))
    assert channel.deliver(NOTICE) == channel.deliver(NOTICE) == receiver.url(200)
    (headers, body), (_, again) = receiver.requests[-2:]
    assert body == again == NOTICE.event.encode()
    assert headers["Idempotency-Key"] == NOTICE.id
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    assert list(receiver.kept) == [NOTICE.id]
    assert signature_fault(SECRET, body, headers, 1_790_000_100) is None


FORGED = [
    ({}, SECRET, NOTICE.event.encode() + b" ", 0, "does not fit"),
    ({}, b"another secret", NOTICE.event.encode(), 0, "does not fit"),
    ({}, SECRET, NOTICE.event.encode(), 301, "away from now"),
    ({}, SECRET, NOTICE.event.encode(), -301, "away from now"),
    ({"X-Duban-Timestamp": "1790000001"}, SECRET, NOTICE.event.encode(), 0, "does not fit"),
    ({"X-Duban-Timestamp": "soon"}, SECRET, NOTICE.event.encode(), 0, "missing"),
    ({"X-Duban-Signature": "v1="}, SECRET, NOTICE.event.encode(), 0, "does not fit"),
]


@pytest.mark.parametrize(("changed", "secret", "body", "later", "said"), FORGED)
def test_a_forged_or_replayed_webhook_is_found(
    receiver: Receiver, changed: dict[str, str], secret: bytes, body: bytes, later: int, said: str
) -> None:
    by_webhook(receiver.url(200)).deliver(NOTICE)
    headers = receiver.requests[-1][0] | changed
    fault = signature_fault(secret, body, headers, 1_790_000_000 + later)
    assert fault is not None
    assert said in fault


@pytest.mark.parametrize(
    ("status", "fate"), [(503, Unavailable), (429, Unavailable), (400, Undeliverable), (404, Undeliverable), (302, Undeliverable)]
)
def test_a_webhook_that_is_refused(receiver: Receiver, status: int, fate: type[Exception]) -> None:
    with pytest.raises(fate, match=str(status)):
        by_webhook(receiver.url(status)).deliver(NOTICE)


def test_a_receiver_that_has_it_already_has_it(receiver: Receiver) -> None:
    assert by_webhook(receiver.url(409)).deliver(NOTICE) == receiver.url(409)


def test_a_webhook_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        by_webhook("http://127.0.0.1:1/").deliver(NOTICE)
    with pytest.raises(Undeliverable, match="no webhook address"):
        by_webhook(None).deliver(NOTICE)


def test_a_chat_is_told(receiver: Receiver) -> None:
    port = receiver.server_address[1]
    channel = ChatChannel(lambda agency_id: f"json://127.0.0.1:{port}/200/")
    assert channel.deliver(NOTICE).startswith("chat:")
    said = json.loads(receiver.requests[-1][1])
    assert "承诺事项交办单（督交〔2026〕12号）" in said["message"]
    with pytest.raises(Unavailable):
        ChatChannel(lambda agency_id: f"json://127.0.0.1:{port}/500/").deliver(NOTICE)
    with pytest.raises(Undeliverable, match="not understood"):
        ChatChannel(lambda agency_id: "no address").deliver(NOTICE)


@pytest.mark.parametrize(("disclosure", "quoted"), [("public_full", True), ("on_request", False), (None, False)])
def test_a_chat_says_no_more_than_the_letter_allows(disclosure: str | None, quoted: bool) -> None:
    event = json.loads(NOTICE.event)
    event["data"]["disclosure"] = disclosure
    assert (event["data"]["items"][0]["quote"] in message(event)) is quoted
