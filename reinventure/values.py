"""Values as a person writes them, on the command line or in a form: sizes, times, keys.

Each function returns the value of a text, or raises ValueError with the text and examples of valid
ones.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from s3_catalog.model import bucket_name, object_key, scope
from s3_catalog.model.scope import Entry
from s3_catalog.model.timestamps import utc_now

UNITS: dict[str, int] = {
    "": 1,
    "b": 1,
    **{unit: 1000**n for n, each in enumerate("kmgtp", 1) for unit in (each, f"{each}b")},
    **{unit: 1024**n for n, each in enumerate("kmgtp", 1) for unit in (f"{each}i", f"{each}ib")},
}
"""Bytes of a unit of size, by its name in lower case: powers of 1000 (SI) and of 1024 (IEC).

From k to P, with or without the B."""

_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([a-z]*)")
"""With more digits, a size could exceed the 38 digits of a number in DynamoDB."""

_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(rf"([0-9]{{1,9}})([{''.join(_AGES)}])")
_MAX_PORT = 65_535
_WHOLE_NUMBER = re.compile("[0-9]{1,18}")
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_COUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kmb]?)")
_COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%?")
_WHOLE = 100
_SHA256 = re.compile("[0-9a-fA-F]{64}")
_SCHEME = "s3://"
_STORAGE_CLASS = re.compile(r"[A-Za-z_]+")
_SETTING = re.compile("[^=]+=.*", re.DOTALL)


def size(text: str) -> int:
    """Return the bytes of a number with an optional unit, such as 10k, 1.5GB or 2GiB.

    Upper and lower case are the same. A fraction of a byte is rounded to the nearest byte.
    """
    match = _SIZE.fullmatch(text.lower())
    if not match or match[2] not in UNITS:
        raise ValueError(
            f"invalid size {text!r}: use a number with an optional unit, such as 10k, 1.5GB, 2GiB"
        )
    return round(Fraction(match[1]) * UNITS[match[2]])


def instant(text: str, clock: Callable[[], datetime] = utc_now) -> datetime:
    """Return the time, in UTC, of an ISO 8601 date or date-time, or of an age such as 90m or 7d.

    A date is its first moment. A time without a zone is UTC. An age counts back from now.
    """
    try:
        if match := _AGE.fullmatch(text):
            return clock().astimezone(UTC) - timedelta(**{_AGES[match[2]]: int(match[1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"invalid time {text!r}: use a date or date-time, such as 2026-01-31 or "
            "2026-01-31T12:00, or an age, such as 90m, 24h, 7d, 2w"
        ) from None


def whole_number(text: str, minimum: int = 0) -> int:
    """Return the whole number of `text`, at least `minimum`."""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) < minimum:
        raise ValueError(f"invalid number {text!r}: use a whole number, at least {minimum}")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port; 0 stands for any that is free."""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > _MAX_PORT:
        raise ValueError(f"invalid port {text!r}: use a whole number, 0 to {_MAX_PORT}")
    return int(text)


def count(text: str) -> int:
    """Return a number of things with an optional unit of a thousand, a million or a billion.

    Such as 500, 20k, 1M or 2.5B; upper and lower case are the same.
    """
    match = _COUNT.fullmatch(text.lower())
    found = Fraction(match[1]) * _COUNT_UNITS[match[2]] if match else None
    if found is None or found.denominator != 1:
        raise ValueError(f"invalid number {text!r}: use a whole number, such as 500, 20k, 1M, 2.5B")
    return int(found)


def percent(text: str) -> float:
    """Return the share, 0 to 1, of a percentage such as 20% or 0.5%; the sign may be left out."""
    match = _PERCENT.fullmatch(text)
    if not match or float(match[1]) > _WHOLE:
        raise ValueError(f"invalid percentage {text!r}: use 0% to 100%, such as 20%")
    return float(match[1]) / _WHOLE


def seconds(text: str) -> float:
    """Return a number of seconds, at least 1."""
    if not _SECONDS.fullmatch(text) or float(text) < 1:
        raise ValueError(f"invalid time {text!r}: use a number of seconds, at least 1")
    return float(text)


def content_type(text: str) -> str:
    """Return a media type, such as text/csv, or the beginning of one with an asterisk: image/*.

    In lower case, as content inspection writes them: media types have no case (RFC 6838, 4.2).
    """
    if not text or "*" in text[:-1]:
        raise ValueError(
            f"invalid content type {text!r}: use a media type, such as text/csv, or the beginning "
            "of one with an asterisk at its end, such as 'image/*'"
        )
    return text.lower()


def storage_class(text: str) -> str:
    """Return a storage class of S3 in upper case, as S3 writes it."""
    if not _STORAGE_CLASS.fullmatch(text):
        raise ValueError(
            f"invalid storage class {text!r}: use S3's name, such as GLACIER or STANDARD_IA"
        )
    return text.upper()


def requester(text: str) -> str:
    """Return the id of a principal, the name of a session, or an account."""
    if not text.removeprefix("AWS:"):
        raise ValueError(
            f"invalid requester {text!r}: use a principal id, the name of a session, or an account"
        )
    return text


def sha256(text: str) -> str:
    """Return a SHA-256 as 64 hexadecimal digits in lower case."""
    if not _SHA256.fullmatch(text):
        raise ValueError(f"invalid SHA-256 {text!r}: use 64 hexadecimal digits, as in `sha256sum`")
    return text.lower()


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a bucket, or a prefix of keys. Without a `bucket` it is the catalog's only one."""

    bucket: str | None
    key: str

    def __str__(self) -> str:
        return self.key if self.bucket is None else f"s3://{self.bucket}/{self.key}"


EVERYWHERE = Place(None, "")
"""Every key of the only bucket."""


def key(text: str) -> Place:
    """Return an object key that S3 allows, or that of a URL such as s3://photos-prod/cat.jpg."""
    place = prefix(text)
    object_key.check(place.key)
    return place


def prefix(text: str) -> Place:
    """Return the beginning of an object key that S3 allows, or of a URL; it may be empty."""
    bucket = None
    rest = text.removeprefix(_SCHEME)
    if rest != text:
        bucket, _, rest = rest.partition("/")
        try:
            bucket_name.check(bucket)
        except ValueError as error:
            raise ValueError(f"invalid URL {text!r}: {error}") from None
    return Place(bucket, rest and object_key.check(rest))


def entry(text: str) -> Entry:
    """Return a bucket, s3://photos-prod, or a prefix of one that a catalog can have.

    Such a prefix ends with a slash: s3://logs-prod/2026/.
    """
    rest = text.removeprefix(_SCHEME)
    if rest == text:
        raise ValueError(
            f"invalid URL {text!r}: use s3://BUCKET or s3://BUCKET/PREFIX/, such as s3://photos-prod"
        )
    name, _, beginning = rest.partition("/")
    named = f"{name}/{beginning}" if beginning else name
    try:
        bucket_name.check(name)
        if "," in named:
            raise ValueError("the setting buckets cannot name a prefix with a comma")
        [found] = scope.parse(named).entries
        if str(found) != named:
            raise ValueError("a prefix ends with a slash")
    except ValueError as error:
        raise ValueError(f"invalid URL {text!r}: {error}") from None
    return found


EVERY_BUCKET = "*"
"""The value of --bucket for all buckets of the catalog."""


def bucket(text: str) -> str:
    """Return the name of a bucket, or `EVERY_BUCKET`."""
    if text != EVERY_BUCKET:
        try:
            bucket_name.check(text)
        except ValueError as error:
            raise ValueError(f"invalid bucket {text!r}: {error}; '*' is every bucket") from None
    return text


def setting(text: str) -> str:
    """Return a setting as NAME=VALUE. The synth checks name and value."""
    if not _SETTING.fullmatch(text):
        raise ValueError(f"invalid setting {text!r}: use NAME=VALUE, such as transport=sqs")
    return text
