"""How long a letter is kept follows from what it is."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from flows.letters.model import LetterType
from flows.letters.retention import keep_until
from tests.proof.letters_for_proof import letter


def record(letter_type: str, received: str = "2024-05-08T00:30:00Z") -> dict[str, Any]:
    made = letter(1)[2]
    made["header"]["letter_type"] = letter_type
    made["original"]["received_at"] = received
    return made


@pytest.mark.parametrize("letter_type", get_args(LetterType))
def test_every_type_has_its_row(letter_type: str) -> None:
    kept = keep_until(record(letter_type))
    assert kept == (date(2054, 5, 8) if letter_type in ("co_handling_opinion", "other") else None)


@pytest.mark.parametrize(
    ("site", "received", "until"),
    [
        ({"reply": 10}, "2024-05-08T00:30:00Z", date(2034, 5, 8)),
        ({"reply": "permanent"}, "2024-05-08T00:30:00Z", None),
        ({"reply": 1}, "2024-02-29T00:30:00Z", date(2025, 3, 1)),
        ({"summary": 10}, "2024-05-08T00:30:00Z", None),
    ],
)
def test_the_sites_rows_come_first(site: dict[str, Any], received: str, until: date | None) -> None:
    assert keep_until(record("reply", received), site) == until
