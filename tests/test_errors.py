"""Errors cross process borders whole, and settings name their faults."""

import pickle

import pytest

from flows.letters.errors import LetterError, SettingsError, Unavailable, UnreadableLetter
from flows.settings import load_settings


@pytest.mark.parametrize("kind", [UnreadableLetter, Unavailable, SettingsError])
def test_an_error_survives_pickling(kind: type[Exception]) -> None:
    error = kind("nothing to read", size=0)  # type: ignore[call-arg]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), again.facts) == (kind, "nothing to read", {"size": 0})


def test_every_letter_error_tells_a_clerk_what_to_do() -> None:
    kinds = [LetterError, *LetterError.__subclasses__()]
    assert [k.code for k in kinds if not (k.reason_zh and k.advice_zh)] == []
    assert len({k.code for k in kinds}) == len(kinds)


def test_wrong_settings_are_listed_by_name() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(prefect_port=0, settle_seconds=-1)
    assert "DUBAN_PREFECT_PORT" in str(caught.value)
    assert "DUBAN_SETTLE_SECONDS" in str(caught.value)
