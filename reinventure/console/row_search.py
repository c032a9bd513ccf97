"""Searching the rows of the catalog: page by page, by a cursor that a browser can keep."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from s3_catalog.model.row import Row
from s3_catalog.table.row_query import EXISTING, Filter, row_page

PAGE_ROWS = 400
"""Rows that a page without conditions reads, of all shards together."""

MIN_SHARD_ROWS = 25
"""Rows that are read of each shard: with fewer, most would be read again in the next page."""

SEARCH_ROWS = 4_000
"""Rows that each round of a search with conditions reads, of all shards together."""

ENOUGH_ROWS = 100
"""Rows with which a page is complete: more than a screen has."""

MAX_READ = 20_000
"""Rows after which a search answers, with what it has found: its reader sees that it goes on."""


@dataclass(frozen=True, slots=True)
class Search:
    """The rows of `buckets` under `prefix` whose keys end with `suffix` and that match `wanted`.

    At most `limit` of them, None for all.
    """

    buckets: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    wanted: Filter = EXISTING
    limit: int | None = None

    @property
    def conditional(self) -> bool:
        """Whether there are rows that are read, but not found."""
        return bool(self.suffix) or self.wanted != EXISTING


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a search goes on: in its prefix number `place`, `after` a key.

    `found` is the number of rows before. Its text, for a browser, is JSON.
    """

    place: int = 0
    after: str = ""
    found: int = 0

    def __str__(self) -> str:
        return json.dumps([self.place, self.after, self.found])


START = Cursor()
"""The beginning of every search."""


def cursor(text: str) -> Cursor:
    """Return the cursor of `text`; "" is the start. Raises UserError if it is not one."""
    if not text:
        return START
    try:
        match json.loads(text):
            case [int(place), str(after), int(found)] if place >= 0 and found >= 0:
                after.encode()
                return Cursor(place, after, found)
    except (ValueError, RecursionError):
        pass
    raise UserError("the cursor of the list is invalid: load the page again")


@dataclass(frozen=True, slots=True)
class FoundPage:
    """The next `rows` of a search, the number of rows read for it, and where it goes on.

    `next` is None at its end.
    """

    rows: Sequence[Row]
    next: Cursor | None
    read: int


def next_page(catalog: DeployedCatalog, search: Search, start: Cursor = START) -> FoundPage:
    """Return the next page of `search`.

    Without conditions it is one Query of each shard. Raises UserError for a place outside of the
    catalog, and botocore's ClientError or BotoCoreError.
    """
    places = _places(catalog, search)
    shards = catalog.outputs.shards
    rows = SEARCH_ROWS if search.conditional else PAGE_ROWS
    place, after, read = start.place, start.after, 0
    found = list[Row]()
    while place < len(places) and len(found) < ENOUGH_ROWS and read < MAX_READ:
        bucket, prefix = places[place]
        page = row_page(
            catalog.items,
            catalog.table,
            bucket,
            shards,
            search.wanted,
            prefix=prefix,
            after=after,
            limit=max(MIN_SHARD_ROWS, -(-rows // shards)),
        )
        read += page.read
        found += [row for row in page.rows if row.key.endswith(search.suffix)]
        place, after = (place + 1, "") if page.last is None else (place, page.last)
    if search.limit is not None:
        found = found[: max(0, search.limit - start.found)]
    all_found = start.found + len(found)
    ended = place >= len(places) or all_found == search.limit
    return FoundPage(found, None if ended else Cursor(place, after, all_found), read)


def _places(catalog: DeployedCatalog, search: Search) -> list[tuple[str, str]]:
    """Return bucket and prefix of each range of keys that is read, in order."""
    for bucket in search.buckets:
        # Of several buckets, one need not have the prefix.
        catalog.choose(bucket, search.prefix if len(search.buckets) == 1 else "")
    return [
        (bucket, prefix)
        for bucket in search.buckets
        for prefix in catalog.scope.under(bucket, search.prefix)
    ]
