import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.cli import values as measure

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@given(st.integers(0, 10**18 - 1), st.sampled_from(sorted(measure.UNITS)), st.booleans())
def test_a_size_is_its_number_times_its_unit(number: int, unit: str, capital: bool) -> None:
    text = f"{number}{unit.upper() if capital else unit}"
    assert measure.size(text) == number * measure.UNITS[unit]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("10", 10),
        ("10b", 10),
        ("10k", 10_000),
        ("5MB", 5_000_000),
        ("5 MB", 5_000_000),
        ("1KiB", 1024),
        ("3MiB", 3 * 1024**2),
        ("2GiB", 2 * 1024**3),
        ("2g", 2_000_000_000),
        ("5TiB", 5 * 1024**4),
    ],
)
def test_units_are_those_of_si_and_iec(text: str, size: int) -> None:
    assert measure.size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k",
        "-1",
        "+1",
        "1.5GB",
        "1e3",
        "10 kk",
        "10kib2",
        "1_000",
        "\uff11\uff10",
        "10\n",
        "9" * 19,
    ],
)
def test_what_is_no_size_is_named_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is no size; such are 10, 10k, 5MB, 2GiB") as refusal:
        measure.size(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:15", datetime(2026, 11, 1, 8, 15, tzinfo=UTC)),
        ("2026-11-01 08:15:30.250", datetime(2026, 11, 1, 8, 15, 30, 250_000, tzinfo=UTC)),
        ("2026-11-01T08:15Z", datetime(2026, 11, 1, 8, 15, tzinfo=UTC)),
        ("2026-11-01T08:15+02:00", datetime(2026, 11, 1, 6, 15, tzinfo=UTC)),
        ("30s", NOW - timedelta(seconds=30)),
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(days=14)),
        ("0h", NOW),
    ],
)
def test_a_time_is_a_date_or_an_age(text: str, moment: datetime) -> None:
    assert measure.instant(text, NOW) == moment
    assert measure.instant(text, NOW).tzinfo is UTC


def test_a_time_without_a_zone_is_utc_wherever_the_person_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert measure.instant("2026-11-01", NOW) == datetime(2026, 11, 1, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.datetimes(
        max_value=datetime(9999, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
        timezones=st.just(timezone(timedelta(hours=-5))),
    )
)
def test_every_time_with_a_zone_is_kept(moment: datetime) -> None:
    assert measure.instant(moment.isoformat(), NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "-1h",
        "1.5h",
        "10",
        "1y",
        "yesterday",
        "2026-13-01",
        "999999999w",
        "0001-01-01T00+14:00",
    ],
)
def test_what_is_no_time_is_named_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; such are 2026-01-31") as refusal:
        measure.instant(text, NOW)
    assert repr(text) in str(refusal.value)
