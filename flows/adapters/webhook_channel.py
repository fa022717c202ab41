"""Delivers notices to other systems: the CloudEvent by HTTP POST, signed, with a key that makes it count once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

import httpx

from flows.letters.errors import Unavailable, Undeliverable
from flows.letters.model import Notice
from flows.letters.return_forms import Forms

# How old a signed request may be when it is checked: longer than any clock is wrong, shorter than a replay is useful.
REPLAY_SECONDS = 300
_LATER = frozenset({408, 423, 425, 429})
_HAVE_IT = 409


class WebhookChannel:
    """POST to the agencies' addresses; ``secret`` is shared with the receivers, ``clock`` gives seconds since 1970."""

    def __init__(
        self,
        secret: bytes,
        address_of: Callable[[str], str | None],
        clock: Callable[[], float],
        timeout: float = 10.0,
        forms: Forms | None = None,
    ) -> None:
        self._forms = forms
        self._secret, self._address_of, self._clock, self._timeout = secret, address_of, clock, timeout

    def deliver(self, notice: Notice) -> str:
        """Send and return the address.  ``Unavailable``: later; ``Undeliverable``: refused for good.

        A receiver that has the notice already answers 409 or 2xx: both mean delivered.  Redirects are not followed: a
        signed request goes where the directory says and nowhere else.
        """
        address = self._address_of(notice.agency_id)
        if not address:
            raise Undeliverable(f"the directory has no webhook address for {notice.agency_id}; add one under channels")
        body = notice.event.encode("utf-8")
        headers = signed(self._secret, body, int(self._clock())) | {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Idempotency-Key": notice.id,
        }
        if self._forms is not None:
            headers["X-Duban-Form"] = json.dumps(asdict(self._forms.of_event(notice)))
        try:
            answer = httpx.post(address, content=body, headers=headers, timeout=self._timeout, follow_redirects=False)
        except httpx.InvalidURL as fault:
            raise Undeliverable(f"{address!r} is no address; correct the directory") from fault
        except httpx.HTTPError as fault:
            raise Unavailable(f"{address} cannot be reached: {type(fault).__name__}: {fault}") from fault
        if answer.is_success or answer.status_code == _HAVE_IT:
            return address
        if answer.status_code in _LATER or answer.status_code >= 500:
            raise Unavailable(f"{address} does not take notices now: HTTP {answer.status_code}")
        raise Undeliverable(f"{address} refuses the notice: HTTP {answer.status_code} {answer.text[:200]}")


def signed(secret: bytes, body: bytes, timestamp: int) -> dict[str, str]:
    """The headers that prove who sent ``body``, and when."""
    return {"X-Duban-Timestamp": str(timestamp), "X-Duban-Signature": f"v1={_signature(secret, body, str(timestamp))}"}


def signature_fault(secret: bytes, body: bytes, headers: Mapping[str, str], now: float) -> str | None:
    """For receivers: what is wrong with a request's signature; None where it holds and is fresh.

    A receiver keeps the ``Idempotency-Key`` of what it took: within the window a replay is the same notice again.
    """
    timestamp = headers.get("X-Duban-Timestamp", "")
    if not timestamp.isdigit():
        return "the timestamp is missing"
    if abs(now - int(timestamp)) > REPLAY_SECONDS:
        return f"the request is more than {REPLAY_SECONDS} s away from now"
    wanted = f"v1={_signature(secret, body, timestamp)}"
    if not hmac.compare_digest(wanted.encode(), headers.get("X-Duban-Signature", "").encode()):
        return "the signature does not fit"
    return None


def _signature(secret: bytes, body: bytes, timestamp: str) -> str:
    return hmac.new(secret, timestamp.encode("ascii") + b"." + body, hashlib.sha256).hexdigest()
