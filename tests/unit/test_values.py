import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure import values
from reinventure.values import Place

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@given(st.integers(0, 10**18 - 1), st.sampled_from(sorted(values.UNITS)), st.booleans())
def test_a_size_is_its_number_times_its_unit(number: int, unit: str, capital: bool) -> None:
    text = f"{number}{unit.upper() if capital else unit}"
    assert values.size(text) == number * values.UNITS[unit]


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
        ("5PB", 5 * 10**15),
        ("5p", 5 * 10**15),
        ("5PiB", 5 * 1024**5),
        ("10Mi", 10 * 1024**2),
        ("10MiB", 10 * 1024**2),
        ("0.5Ki", 512),
        ("1.5PI", 3 * 2**49),
        ("1.5GB", 1_500_000_000),
        ("0.5 KiB", 512),
        ("1.1KiB", 1126),
        ("1.9", 2),
        ("1.234567890123456789TB", 1_234_567_890_123),
    ],
)
def test_units_are_those_of_si_and_iec(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k",
        "-1",
        "+1",
        "1.",
        ".5k",
        "1.5.5k",
        "1,5GB",
        "1e3",
        "10 kk",
        "10kib2",
        "10i",
        "10ib",
        "10mbi",
        "10E",
        "1_000",
        "\uff11\uff10",
        "10\n",
        "9" * 19,
    ],
)
def test_an_invalid_size_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^invalid size .* unit, such as 10k, 1.5GB, 2GiB$"
    ) as refusal:
        values.size(text)
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
    assert values.instant(text, lambda: NOW) == moment
    assert values.instant(text, lambda: NOW).tzinfo is UTC


def test_a_time_without_a_zone_is_utc_wherever_the_person_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert values.instant("2026-11-01", lambda: NOW) == datetime(2026, 11, 1, tzinfo=UTC)
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
    assert values.instant(moment.isoformat(), lambda: NOW) == moment


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
def test_an_invalid_time_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid time .* such as 90m, 24h, 7d, 2w$") as refusal:
        values.instant(text, lambda: NOW)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_has_digits_only(text: str, number: int) -> None:
    assert values.whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", " 1", "9" * 19, "\uff11"])
def test_an_invalid_number_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid number .*: use a whole number, at least 0$"):
        values.whole_number(text)


def test_a_number_below_the_minimum_is_an_error() -> None:
    assert values.whole_number("1", minimum=1) == 1
    with pytest.raises(ValueError, match=r"^invalid number '0': use a whole number, at least 1$"):
        values.whole_number("0", minimum=1)


@pytest.mark.parametrize(("text", "seconds"), [("1", 1), ("1.5", 1.5), ("60", 60)])
def test_seconds_may_have_a_fraction(text: str, seconds: float) -> None:
    assert values.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.9", "nan", "inf", "1e3", "-1", "1s"])
def test_invalid_seconds_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid time .*: use a number of seconds, at least 1$"):
        values.seconds(text)


@pytest.mark.parametrize("text", ["text/csv", "image/*", "*"])
def test_a_content_type_may_end_with_an_asterisk(text: str) -> None:
    assert values.content_type(text) == text


@pytest.mark.parametrize(("text", "lower"), [("Text/CSV", "text/csv"), ("IMAGE/*", "image/*")])
def test_a_content_type_has_no_case(text: str, lower: str) -> None:
    assert values.content_type(text) == lower


@pytest.mark.parametrize("text", ["", "*/png", "**"])
def test_an_invalid_content_type_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid content type .*'image/\*'$"):
        values.content_type(text)


def test_a_sha256_is_lower_case() -> None:
    assert values.sha256("AB" * 32) == "ab" * 32


@pytest.mark.parametrize("text", ["", "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n"])
def test_an_invalid_sha256_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid SHA-256 .*: use 64 hexadecimal digits"):
        values.sha256(text)


@pytest.mark.parametrize("text", ["", "é" * 513, "\udcff"])
def test_a_key_that_s3_does_not_allow_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^key "):
        values.key(text)
    assert values.key("é" * 512) == Place(None, "é" * 512)


@pytest.mark.parametrize("text", ["é" * 513, "\udcff", "s3://bucket/" + "é" * 513])
def test_a_prefix_that_no_key_can_have_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^key "):
        values.prefix(text)
    assert values.prefix("") == values.EVERYWHERE


@pytest.mark.parametrize(
    ("text", "bucket", "rest"),
    [
        ("s3://photos", "photos", ""),
        ("s3://photos/", "photos", ""),
        ("s3://photos//a", "photos", "/a"),
        ("s3://photos/s3://a/b", "photos", "s3://a/b"),
        ("S3://photos/a", None, "S3://photos/a"),
        ("a/s3://photos", None, "a/s3://photos"),
    ],
)
def test_a_url_has_the_bucket_and_the_prefix(text: str, bucket: str | None, rest: str) -> None:
    assert values.prefix(text) == Place(bucket, rest)
    if rest:
        assert values.key(text) == Place(bucket, rest)


@pytest.mark.parametrize("text", ["s3://", "s3:///a", "s3://Photos/a", "s3://b_c/", "s3://a b/"])
def test_a_url_without_the_name_of_a_bucket_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=f"^invalid URL '{text}': a bucket name has"):
        values.prefix(text)


def test_the_url_of_a_key_has_one() -> None:
    with pytest.raises(ValueError, match=r"^key "):
        values.key("s3://photos/")


@pytest.mark.parametrize("text", ["transport=sqs", "name=", "a=b=c"])
def test_a_setting_is_a_name_and_a_value(text: str) -> None:
    assert values.setting(text) == text


@pytest.mark.parametrize("text", ["", "transport", "=sqs"])
def test_an_invalid_setting_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid setting .*: use NAME=VALUE, such as "):
        values.setting(text)
