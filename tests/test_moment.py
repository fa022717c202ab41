"""The one clock can be turned back to a day that was missed, never forward."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from flows.letters.errors import StepRefused
from flows.letters.workdays import BEIJING, beijing_day
from flows.moment import as_of, now, today

MISSED = date(2024, 2, 29)


def test_within_a_missed_day_it_is_that_day_at_this_time() -> None:
    with as_of(MISSED) as day:
        assert day == today() == MISSED == beijing_day(now())
        then = datetime.fromisoformat(now()).astimezone(BEIJING).time()
        real = datetime.now(BEIJING)
        assert abs(datetime.combine(real.date(), then, BEIJING) - real) < timedelta(seconds=5)
    assert abs(datetime.fromisoformat(now()) - datetime.now(UTC)) < timedelta(seconds=5)


def test_without_a_day_it_is_today() -> None:
    with as_of(None) as day:
        assert day == today() == datetime.now(BEIJING).date()


def test_a_day_that_has_not_come_is_refused() -> None:
    with pytest.raises(StepRefused, match="尚未到来"), as_of(datetime.now(BEIJING).date() + timedelta(days=1)):
        pass
