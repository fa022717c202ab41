"""Settings to the ways out: which channel each agency has, which templates; read once per process."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flows.adapters.chat_channel import ChatChannel
from flows.adapters.folder_channel import FolderChannel
from flows.adapters.smtp_channel import MailServer, SmtpChannel
from flows.adapters.webhook_channel import WebhookChannel
from flows.delivery import Channels
from flows.form_key import forms
from flows.letters.agencies import Directory
from flows.letters.clocks import calendar_problems
from flows.letters.errors import SettingsError
from flows.letters.profile import SiteProfile
from flows.letters.routing import RoutingPolicy, rules_of
from flows.letters.sheets import Templates
from flows.moment import today
from flows.ports import Channel
from flows.settings import Settings
from flows.site_calendar import calendar

_LEAST_SECRET = 32


def channels(settings: Settings, directory: Directory) -> Channels:
    """The channels of every agency: the first its directory entry names, the folder where it names none.

    ``SettingsError`` where the directory names a channel that is not set up: nothing goes another way in silence.
    """

    def address_of(kind: str) -> Callable[[str], str | None]:
        def found(agency_id: str) -> str | None:
            agency = directory.get(agency_id)
            return next((address for name, address in agency.channels if name == kind), None) if agency else None

        return found

    def kind_of(agency_id: str) -> str:
        agency = directory.get(agency_id)
        return agency.channels[0][0] if agency and agency.channels else "folder"

    issued = forms(settings)
    by_kind: dict[str, Channel] = {"folder": FolderChannel(settings.outbox, issued), "chat": ChatChannel(address_of("chat"))}
    if settings.mail_server:
        if not settings.mail_sender:
            raise SettingsError("DUBAN_MAIL_SENDER is empty though DUBAN_MAIL_SERVER is set")
        server = MailServer.of(settings.mail_server)
        by_kind["mail"] = SmtpChannel(server, settings.mail_sender, address_of("mail"), templates(settings), forms=issued)
    if settings.webhook_secret is not None:
        by_kind["webhook"] = WebhookChannel(_secret(settings), address_of("webhook"), time.time, forms=issued)
    wanted = {kind_of(agency.id) for agency in directory.agencies}
    if missing := sorted(wanted - set(by_kind)):
        raise SettingsError(
            f"the directory sends notices by {', '.join(missing)}, which is not set up: "
            "set DUBAN_MAIL_SERVER and DUBAN_MAIL_SENDER, or DUBAN_WEBHOOK_SECRET, or change the directory"
        )
    return Channels(by_kind, kind_of)


def bundled(settings: Settings) -> Callable[[str], bool]:
    """Whether an agency gets one parcel a day instead of single notices."""
    chosen = {part.strip() for part in settings.bundled_agencies.split(",") if part.strip()}
    return lambda agency_id: "*" in chosen or agency_id in chosen


def templates(settings: Settings) -> Templates:
    """The site's own templates before the shipped ones, and from its profile who signs and what numbers begin with."""
    return _templates(settings.templates, settings.site)


def prove(settings: Settings, directory: Directory, site: RoutingPolicy) -> str:
    """Make everything the way out needs, and say what it is; ``SettingsError`` or ``RulesError`` where one part is wrong."""
    ways = channels(settings, directory)
    templates(settings)
    rules = rules_of(site)
    used = sorted({ways.kind_of(agency.id) for agency in directory.agencies})
    said = [f"notices go by {', '.join(used)}; {len(rules.rows)} routing rows"]
    said += [problem.message for problem in calendar_problems(today(), calendar(settings))]
    return "; ".join(said)


@cache
def _templates(folder: Path | None, profile: Path | None) -> Templates:
    site = SiteProfile.load(profile)
    if folder is None:
        return Templates(office=site.name, code=site.office_code)
    try:
        found = [path for path in sorted(folder.iterdir()) if path.suffix in (".j2", ".typ", ".docx")]
        return Templates(tuple((path.name, path.read_bytes()) for path in found), site.name, site.office_code)
    except OSError as fault:
        raise SettingsError(f"DUBAN_TEMPLATES: {folder} cannot be read: {fault.strerror}") from fault


@cache
def channels_of_process() -> Channels:
    """The channels of this process, from its wiring."""
    from flows.wiring import wiring

    made = wiring()
    return channels(made.settings, made.directory)


def _secret(settings: Settings) -> bytes:
    path = settings.webhook_secret
    try:
        secret = path.read_bytes().strip() if path else b""
    except OSError as fault:
        raise SettingsError(f"DUBAN_WEBHOOK_SECRET: {path} cannot be read: {fault.strerror}") from fault
    if len(secret) < _LEAST_SECRET:
        raise SettingsError(f"DUBAN_WEBHOOK_SECRET: {path} must hold at least {_LEAST_SECRET} characters")
    return secret
