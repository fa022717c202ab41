"""A real SMTP server on loopback that keeps what it takes; refuses ``nobody@`` for good and ``busy@`` for now."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.url = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("busy"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    def kept(self) -> dict[str, EmailMessage]:
        """What a receiver that honours the Message-ID shows: each mail once."""
        return {str(mail["Message-ID"]): mail for mail in self.mails}


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    with served(box, box):
        yield box


@contextmanager
def served(box: Mailbox, handler: Any) -> Iterator[None]:
    """The server at ``box.url``, its mails handled by ``handler`` (the box itself, or who stands before it)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    try:
        yield
    finally:
        controller.stop()
