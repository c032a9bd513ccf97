"""The library: the deployed catalog of a stack, for a script, a notebook or a function.

`reinventure.open` returns it. The command is its first user. docs/library.md has examples, and what
versions promise.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from reinventure import values
from reinventure.aws import bucket_states, change_watcher, feed_change, totals_reader
from reinventure.aws.bucket_comparison import Comparison
from reinventure.aws.bucket_states import BucketState
from reinventure.aws.deployed_catalog import DeployedCatalog, KeyState
from reinventure.aws.feed_change import Change
from reinventure.aws.totals_reader import Totals
from reinventure.errors import UserError
from reinventure.values import EVERYWHERE, Place
from s3_catalog.model.row import Row
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter, Listed

MISSING_WHEN_DELETED = {
    **dict.fromkeys(("larger", "smaller"), "size"),
    "storage_class": "storage class",
    **dict.fromkeys(("content_type", "sha256", "wider", "rows_over"), "content"),
}
"""What a deleted object lacks, by the condition that needs it."""

_T = TypeVar("_T")


def _ignore(_parts: int) -> None:
    """Report to no one."""


def _go_on() -> None:
    """Check nothing between two polls."""


class _QuietError(Exception):
    """No change came for as long as the reader waits."""


class Found(Iterator[Row]):
    """An iterator over the rows that `Catalog.find` finds, in key order, read while it is used."""

    def __init__(self, rows: Iterable[Row], reading: Reading) -> None:
        self._rows, self._reading = iter(rows), reading

    @property
    def rows_read(self) -> int:
        """Number of rows that DynamoDB has read and charged for so far, found or not."""
        return self._reading.rows

    def __next__(self) -> Row:
        return next(self._rows)


@dataclass(frozen=True, repr=False)
class Catalog:
    """The catalog of a stack, to read. `reinventure.open` returns one.

    `where` is the beginning of keys in the catalog's only bucket, such as "holiday/", or a URL with
    the bucket, such as "s3://photos-prod/holiday/"; "" is every key.

    Every method raises UserError for an invalid argument, for a bucket or key that is not in the
    catalog, and where a catalog of several buckets needs the name of one; and botocore's
    ClientError or BotoCoreError when AWS refuses or does not answer. Iterators read while they are
    used, in memory for a few pages, and raise these as well.
    """

    deployed: DeployedCatalog
    """What the command has beyond this class. Not part of what versions promise."""

    def __repr__(self) -> str:
        buckets = ", ".join(f"s3://{name}/" for name in self.deployed.scope.buckets)
        return f"<Catalog {self.deployed.stack!r} in {self.deployed.region}: {buckets}>"

    def buckets(self) -> Iterator[BucketState]:
        """Yield each bucket by name: its total, how current it is, when it was last verified."""
        return bucket_states.bucket_states(self.deployed)

    def rows(self, where: str = "", *, consistent: bool = False) -> Iterator[Row]:
        """Yield the row of every object, in key order.

        `consistent` reads include every row that was written before, at twice the price.
        """
        catalog, prefix = self._chosen(where)
        return catalog.rows(prefix, consistent=consistent)

    def listing(self, where: str = "") -> Iterator[list[Listed]]:
        """Yield key, size and time of every object, in key order, in lists as they are read.

        Faster than `rows`, as DynamoDB sends a third of each row.
        """
        catalog, prefix = self._chosen(where)
        return catalog.listing(prefix)

    def row(self, key: str) -> Row | None:
        """Return the row of `key`, or None, by one consistent read.

        `key` is whole, or a URL. The row of a deleted key stays for 60 days: see `Row.deleted`.
        """
        catalog, name = self._chosen_key(key)
        return catalog.store().read(catalog.bucket, name)

    def stat(self, key: str) -> KeyState:
        """Return row and versions of `key`, and whether catalog and bucket agree about it.

        `key` is whole, or a URL. Reads the newest 10 versions from S3.
        """
        catalog, name = self._chosen_key(key)
        return catalog.key_state(name)

    def find(
        self,
        where: str = "",
        *,
        every_bucket: bool = False,
        suffix: str = "",
        larger: int | str | None = None,
        smaller: int | str | None = None,
        newer: datetime | str | None = None,
        older: datetime | str | None = None,
        storage_class: str | None = None,
        by: str | None = None,
        content_type: str | None = None,
        sha256: str | None = None,
        wider: int | None = None,
        rows_over: int | None = None,
        deleted: bool = False,
        limit: int | None = None,
    ) -> Found:
        """Find objects, or `deleted` ones, by their properties: what `reinventure find` takes.

        `larger` and `smaller` are bytes, exclusive, or texts such as "1.5GB". `newer` (inclusive)
        and `older` (exclusive) are of the time of the last change: a datetime, in UTC if it has no
        zone, or a text such as "2026-01-31" or "7d". `storage_class` is S3's name, such as
        "GLACIER"; `by` a principal id, the name of a session, or an account.

        Of content inspection are `content_type`, such as "text/csv" or "image/*", `sha256` in
        hexadecimal digits, `wider` in pixels, and `rows_over`, a number of rows of a table: objects
        that have not been inspected do not match.

        At most `limit` rows. Only `where` reduces the number of rows that are read and paid for.
        With `every_bucket` it is the beginning of keys in each of them.
        """
        if deleted:
            check_deleted(
                larger=larger,
                smaller=smaller,
                storage_class=storage_class,
                content_type=content_type,
                sha256=sha256,
                wider=wider,
                rows_over=rows_over,
            )
        if limit is not None and limit < 1:
            raise UserError(f"invalid limit {limit}: use at least 1")
        wanted = Filter(
            deleted=deleted,
            larger=_size(larger),
            smaller=_size(smaller),
            newer=_instant(newer),
            older=_instant(older),
            storage_class=_read(values.storage_class, storage_class),
            by=_read(values.requester, by),
            content_type=_read(values.content_type, content_type),
            sha256=_read(values.sha256, sha256),
            wider=wider,
            rows_over=rows_over,
        )
        chosen, prefix = self._catalogs(where, every=every_bucket)
        reading = Reading()
        matching = (
            row
            for each in chosen
            for row in each.found(wanted, reading, prefix)
            if row.key.endswith(suffix)
        )
        return Found(islice(matching, limit), reading)

    def totals(
        self, where: str = "", *, depth: int = 0, progress: Callable[[int], object] = _ignore
    ) -> Totals:
        """Return how many objects and bytes there are, with `depth` levels of the folders.

        Totals are updated with every change, so this reads a few rows; but where `has_totals` is
        false it reads and counts the rows, and calls `progress` with 1,000 after so many of them.

        Without `where`, a catalog of several buckets has a folder s3://BUCKET/ for each, which is
        the first level.
        """
        if self._several(where):
            return totals_reader.of_buckets(self.deployed, depth, progress)
        catalog, prefix = self._chosen(where)
        return totals_reader.of_folder(catalog, prefix, depth, progress)

    def has_totals(self, where: str = "", *, depth: int = 0) -> bool:
        """Return whether `totals` reads a few rows only, and need not count all rows.

        Whole folders have totals down to the setting totals_depth.
        """
        if self._several(where):
            return totals_reader.of_buckets_are_kept(self.deployed, depth)
        catalog, prefix = self._chosen(where)
        return totals_reader.are_kept(catalog, prefix, depth)

    def verify(self, where: str = "", *, progress: Callable[[int], object] = _ignore) -> Comparison:
        """Compare with the buckets' own listings: return an iterator over the differences.

        Without `where`, all buckets are compared, one after the other. Writes nothing; it calls
        `progress` with 1,000 after so many keys.
        """
        chosen, prefix = self._catalogs(where, every=self._several(where))
        return Comparison(chosen, prefix, progress)

    @contextmanager
    def changes(
        self,
        where: str = "",
        *,
        every_bucket: bool = False,
        quiet: float | None = None,
        between: Callable[[], object] = _go_on,
    ) -> Iterator[Iterator[Change]]:
        """Subscribe to changes from now on: a context manager with an iterator over them.

        Each change comes once, and those of a key are in order. The iterator ends after `quiet`
        seconds without a change, and without `quiet` never. `between` is called before each poll,
        at least every 20 seconds; what it raises ends the iterator.

        A temporary FIFO queue is created, subscribed to the topic of the stack, and deleted at the
        end of the context. That of a killed process is deleted by the next subscriber.
        """
        if quiet is not None and quiet < 1:
            raise UserError(f"invalid number of seconds {quiet}: use at least 1")
        chosen, prefix = self._catalogs(where, every=every_bucket)
        poll = change_watcher.POLL_SECONDS
        if quiet is not None:
            poll = math.ceil(quiet / math.ceil(quiet / poll))
        last = time.monotonic()

        def check() -> None:
            between()
            if quiet is not None and time.monotonic() - last >= quiet:
                raise _QuietError

        watch = change_watcher.Watch(
            chosen[0], prefix, check, every_bucket=every_bucket, poll_seconds=poll
        )

        def read(messages: Iterator[change_watcher.Message]) -> Iterator[Change]:
            nonlocal last
            last = time.monotonic()
            try:
                for message in messages:
                    yield feed_change.read(message)
                    last = time.monotonic()
            except _QuietError:
                return

        with watch.listening() as messages:
            yield read(messages)

    def _several(self, where: str) -> bool:
        return _place(where) == EVERYWHERE and len(self.deployed.scope.buckets) > 1

    def _catalogs(self, where: str, *, every: bool) -> tuple[list[DeployedCatalog], str]:
        """Return the catalog with the bucket of `where`, or `every` one, and where keys begin."""
        if not every:
            catalog, prefix = self._chosen(where)
            return [catalog], prefix
        place = _place(where)
        if place.bucket is not None:
            raise UserError(f"every bucket with {where}: the URL has the bucket already")
        return [self.deployed.choose(name) for name in self.deployed.scope.buckets], place.key

    def _chosen(self, where: str) -> tuple[DeployedCatalog, str]:
        """Return the catalog with the bucket of `where`, and the beginning of keys."""
        place = _place(where)
        return self.deployed.choose(place.bucket, place.key), place.key

    def _chosen_key(self, key: str) -> tuple[DeployedCatalog, str]:
        place = _checked(values.key, key)
        catalog = self.deployed.choose(place.bucket)
        if (catalog.bucket, place.key) not in catalog.scope:
            raise catalog.outside(place.key)
        return catalog, place.key


def check_deleted(**conditions: object) -> None:
    """Raise UserError if one of these `conditions` is not None: no deleted object meets any."""
    for name, value in conditions.items():
        if value is not None:
            missing = MISSING_WHEN_DELETED[name]
            raise UserError(
                f"a deleted object has no {missing}: it cannot be found by its {missing}"
            )


def _place(where: str) -> Place:
    return _checked(values.prefix, where)


def _size(value: int | str | None) -> int | None:
    return _checked(values.size, value) if isinstance(value, str) else value


def _instant(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        return _checked(values.instant, value)
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def _read(read: Callable[[str], str], text: str | None) -> str | None:
    return None if text is None else _checked(read, text)


def _checked(read: Callable[[str], _T], text: str) -> _T:
    try:
        return read(text)
    except ValueError as error:
        raise UserError(str(error)) from None
