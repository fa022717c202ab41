"""Delivers notices by mail: the sheet as the mail's body, the event as JSON and the paper as PDF attached."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from flows.letters.errors import SettingsError, Unavailable, Undeliverable
from flows.letters.model import Notice
from flows.letters.notices import wording
from flows.letters.papers import number_of
from flows.letters.return_forms import Forms
from flows.letters.rules.load import load_table
from flows.letters.sheets import Templates, pdf

_XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.  ``secured``: ``tls`` from the first byte, ``starttls``, or ``none``."""

    host: str
    port: int
    secured: str
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> MailServer:
        """``smtps://user:password@host:465``, ``smtp+starttls://host:587`` or ``smtp://host:25``."""
        parts = urlsplit(url)
        known = {"smtps": ("tls", 465), "smtp+starttls": ("starttls", 587), "smtp": ("none", 25)}
        if parts.scheme not in known or not parts.hostname:
            raise SettingsError(f"the mail server's URL must begin with one of {', '.join(known)} and name a host")
        secured, port = known[parts.scheme]
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.hostname, parts.port or port, secured, user, password)


class SmtpChannel:
    """Mail to the agencies' addresses.  The notice's id is the Message-ID: a receiver knows a second copy by it."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        address_of: Callable[[str], str | None],
        templates: Templates | None = None,
        timeout: float = 20.0,
        forms: Forms | None = None,
    ) -> None:
        self._forms = forms
        self._server, self._sender, self._address_of = server, sender, address_of
        self._templates, self._timeout = templates, timeout

    def deliver(self, notice: Notice) -> str:
        """Send and return ``mailto:address``.  ``Unavailable``: later; ``Undeliverable``: refused for good."""
        address = self._address_of(notice.agency_id)
        if not address:
            raise Undeliverable(f"the directory has no mail address for {notice.agency_id}; add one under channels")
        message = self._message(notice, address)
        try:
            with self._connected() as connection:
                connection.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as fault:
            code, said = _answer(fault)
            if 500 <= code < 600 and code not in (530, 535):  # who we are is a matter of settings, not of the notice
                raise Undeliverable(f"{address} was refused by the mail server: {code} {said}") from fault
            raise Unavailable(f"the mail server does not take mail now: {code} {said}") from fault
        except (smtplib.SMTPException, OSError) as fault:
            raise Unavailable(f"the mail server {self._server.host}:{self._server.port} cannot be used: {fault}") from fault
        return f"mailto:{address}"

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        connection: smtplib.SMTP
        if server.secured == "tls":
            context = ssl.create_default_context()
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout)
            if server.secured == "starttls":
                connection.starttls(context=ssl.create_default_context())
        if server.user is not None:
            connection.login(server.user, server.password or "")
        return connection

    def _message(self, notice: Notice, address: str) -> EmailMessage:
        event = json.loads(notice.event)
        data = event["data"]
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = Address(display_name=data["to"]["name"], addr_spec=address)
        message["Subject"] = f"{data['title']}（{number_of(event)}）"
        message["Message-ID"] = f"<{notice.id}@{parseaddr(self._sender)[1].rpartition('@')[2] or 'duban'}>"
        message["X-Duban-Notice"] = notice.id
        opening = wording(data["kind"], data["role"], data.get("stage"))["opening"]
        message.set_content(f"{data['to']['name']}：\n\n　　{opening}\n", cte="base64")
        message.add_alternative(notice.sheet, subtype="html", cte="base64")
        message.add_attachment(notice.event.encode(), maintype="application", subtype="json", filename=f"{notice.id}.json")
        paper = pdf(event, opening, self._templates)
        message.add_attachment(paper, maintype="application", subtype="pdf", filename=f"{data['title']}.pdf")
        if self._forms is not None and (receipt := self._forms.of_notice(notice)) is not None:
            name = f"{load_table('returns')['sheet']}.xlsx"
            message.add_attachment(receipt, maintype="application", subtype=_XLSX, filename=name)
        return message


def _answer(fault: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> tuple[int, str]:
    code: int
    said: bytes | str
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(fault.recipients.values()))
    else:
        code, said = fault.smtp_code, fault.smtp_error
    return int(code), said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
