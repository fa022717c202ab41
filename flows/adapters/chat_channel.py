"""Tells a group chat (企业微信, 钉钉, 飞书 and others Apprise knows) of a notice; never more than its letter allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import apprise

from flows.letters.errors import Unavailable, Undeliverable
from flows.letters.model import Notice
from flows.letters.papers import deadline_text, number_of, source_text

_PUBLIC = ("public_full", "public_summary")


class ChatChannel:
    """One message a notice to the agencies' chat addresses (Apprise URLs such as ``wecombot://…``, ``lark://…``).

    A chat has no idempotency key: the notice's number stands in the message, so that people know a second copy.
    """

    def __init__(self, address_of: Callable[[str], str | None]) -> None:
        self._address_of = address_of

    def deliver(self, notice: Notice) -> str:
        """Send and return the service's name.  ``Unavailable``: later; ``Undeliverable``: the address is wrong."""
        address = self._address_of(notice.agency_id)
        if not address:
            raise Undeliverable(f"the directory has no chat address for {notice.agency_id}; add one under channels")
        chat = apprise.Apprise()
        if not chat.add(address):
            raise Undeliverable(f"the chat address of {notice.agency_id} is not understood; see Apprise's list of services")
        event = json.loads(notice.event)
        service = str(chat[0].service_name)
        if not chat.notify(title=event["data"]["title"], body=message(event), interpret_escapes=False):
            raise Unavailable(f"{service} did not take the message for {notice.agency_id}")
        return f"chat:{service}"


def message(event: dict[str, Any]) -> str:
    """What is said in the chat: number, how many items, and of a public letter also quote, source and deadline."""
    data = event["data"]
    lines = [f"{data['to']['name']}：{data['title']}（{number_of(event)}），共{len(data['items'])}项。"]
    if data["disclosure"] in _PUBLIC:
        for item in data["items"][:5]:
            lines.append(f"“{item['quote']}”　{source_text(item['letter'])}　{deadline_text(item)}")
    return "\n".join(lines)
