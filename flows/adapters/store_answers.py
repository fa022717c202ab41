"""What a store answered when it was tried: a property proven or not, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from flows.adapters.s3_client import error_code

REFUSALS = frozenset({"AccessDenied", "Forbidden", "401", "403", "InvalidAccessKeyId"})
# Answers to a call that protect nothing: the store does not know it, or what it was about is gone.
NO_REFUSALS = frozenset({"NotImplemented", "501", "NoSuchVersion", "NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class Proof:
    """One property: its code, whether it was proven, and what was seen (English, one line)."""

    code: str
    proven: bool
    detail: str


def refusal(call: Callable[[], object]) -> str | None:
    """The error code with which the store refused; None when it did as told.  Store failures pass through.

    501 is no failure: so a store says that it does not know the call.
    """
    try:
        call()
    except ClientError as fault:
        status = int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status >= 500 and status != 501:
            raise
        return error_code(fault)
    return None
