"""The scope of a catalog: which keys of which buckets have rows.

Ingestion, listings, comparisons and totals all ask the same `Scope`, so that they agree. As a text
it is the value of an environment variable and of the setting `buckets`:

    photos-prod,logs-prod/2026/

is every key of `photos-prod`, and the keys of `logs-prod` that begin with `2026/`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from s3_catalog.model import bucket_name
from s3_catalog.model.object_key import MAX_BYTES

_PREFIX = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u00ff]*")
_PATTERN = re.compile(r"[*?$]")


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """The keys of `bucket` that begin with `prefix`; every key if it is empty."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket


@dataclass(frozen=True)
class Scope:
    """Entries in order, none of which has a key of another. See `parse`."""

    entries: tuple[Entry, ...]

    def __contains__(self, place: tuple[str, str]) -> bool:
        """Return whether the key of a `place`, a bucket and a key, has a row."""
        bucket, key = place
        return key.startswith(self._prefixes.get(bucket, ()))

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return ",".join(map(str, self.entries))

    @property
    def buckets(self) -> tuple[str, ...]:
        """The names of the buckets, in order."""
        return tuple(self._prefixes)

    def prefixes(self, bucket: str) -> tuple[str, ...]:
        """Return the prefixes of the keys of `bucket`, in order.

        No prefix is the beginning of another. There are none if the bucket is not in the scope, and
        one that is empty if all its keys are.
        """
        return self._prefixes.get(bucket, ())

    def under(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """Return prefixes, in order, that select the keys of `bucket` under `prefix`."""
        return tuple(
            max(each, prefix, key=len)
            for each in self.prefixes(bucket)
            if each.startswith(prefix) or prefix.startswith(each)
        )

    def outside(self, bucket: str) -> tuple[tuple[str, str | None], ...]:
        """Return ranges, in order, that together hold all keys of `bucket` not in the scope.

        A range has the keys greater than its first and, unless that is None, not greater than its
        second. The second itself, a prefix, is in the scope.
        """
        prefixes = self.prefixes(bucket)
        if prefixes == ("",):
            return ()
        return tuple(zip(["", *map(_last, prefixes)], [*prefixes, None], strict=True))

    @cached_property
    def _prefixes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.entries:
            found[entry.bucket] = (*found.get(entry.bucket, ()), entry.prefix)
        return found


def parse(text: str) -> Scope:
    """Return the scope that `text` names: `NAME` or `NAME/PREFIX/`, comma-separated.

    Spaces around an entry do not count, nor does the order. An empty text is the empty scope.

    A prefix is literal and ends in a slash. Its characters are those that an IAM policy can name:
    printable ones of ASCII and Latin-1, without `*`, `?` and `$`, which IAM would take as patterns,
    and without the comma, which separates entries.

    Raises ValueError, which names the first entry that is invalid, or that overlaps another.
    """
    return of(_entry(each.strip()) for each in text.split(",")) if text.strip() else Scope(())


def of(entries: Iterable[Entry]) -> Scope:
    """Return the scope with `entries`, in any order.

    Raises ValueError for two that are the same or overlap.
    """
    ordered = sorted(entries)
    # In order, a prefix comes right before those that begin with it.
    for one, other in pairwise(ordered):
        if one == other:
            raise ValueError(f"{str(one)!r} is named twice")
        if one.bucket == other.bucket and other.prefix.startswith(one.prefix):
            raise ValueError(f"{str(other)!r} is part of {str(one)!r}: name one of them")
    return Scope(tuple(ordered))


def _last(prefix: str) -> str:
    """Return the greatest key that begins with `prefix`."""
    fours, rest = divmod(MAX_BYTES - len(prefix.encode()), 4)
    # The greatest characters of four bytes, and of three, two, one or none.
    return prefix + "\U0010ffff" * fours + ("", "\x7f", "\u07ff", "\uffff")[rest]


def _entry(text: str) -> Entry:
    name, slash, prefix = text.partition("/")
    try:
        bucket_name.check(name)
        if slash:
            _check_prefix(prefix)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    return Entry(name, prefix)


def _check_prefix(prefix: str) -> None:
    if not prefix.endswith("/"):
        raise ValueError("must be NAME or NAME/PREFIX/, with a slash at the end of the prefix")
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("an IAM policy cannot name this prefix: it allows Latin-1 characters only")
    if _PATTERN.search(prefix):
        raise ValueError("an IAM policy cannot name this prefix: *, ? and $ are patterns there")
    if len(prefix.encode()) > MAX_BYTES:
        raise ValueError(f"the prefix is longer than a key, which has up to {MAX_BYTES} bytes")
