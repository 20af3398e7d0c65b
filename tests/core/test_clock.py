"""What time it is, and what day it is where the municipalities are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from core.clock import now, today


def test_now_is_aware_and_in_utc() -> None:
    assert now().tzinfo == UTC and abs(now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(("moment", "day"), [
    ("2026-01-31T22:59:59+00:00", date(2026, 1, 31)), ("2026-01-31T23:00:00+00:00", date(2026, 2, 1)),
    ("2026-07-31T21:59:59+00:00", date(2026, 7, 31)), ("2026-07-31T22:00:00+00:00", date(2026, 8, 1)),
    ("2026-03-29T00:30:00+00:00", date(2026, 3, 29)), ("2026-12-31T23:30:00+00:00", date(2027, 1, 1))])
def test_the_day_begins_at_midnight_in_berlin(moment: str, day: date) -> None:
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert today() == day
