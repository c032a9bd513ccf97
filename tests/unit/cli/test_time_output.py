"""Times for a person: with their zone, whatever the zone of the machine."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reinventure import values
from reinventure.cli.time_output import duration, event_time, utc

NOON = "2026-11-23 12:00:00Z"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns"])
def test_a_time_is_in_utc_with_its_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert utc(datetime(2026, 11, 23, 12, tzinfo=UTC)) == NOON
        assert utc(datetime(2026, 11, 23, 21, tzinfo=timezone(timedelta(hours=9)))) == NOON
        assert event_time("2026-11-23T12:00:00.005Z") == NOON
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_printed_time_can_be_given_to_an_option() -> None:
    assert values.instant(NOON) == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (90, "2 minutes"),
        (7_100, "118 minutes"),
        (7_200, "2.0 hours"),
        (86_207, "23.9 hours"),
        (172_800, "2.0 days"),
        (625_000, "7.2 days"),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
