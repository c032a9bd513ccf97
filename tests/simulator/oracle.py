"""What must hold of catalog, readers and replies: the model buckets decide."""

from collections import Counter
from collections.abc import Container, Iterator
from typing import Any, cast

from s3_catalog.model.row import Row
from s3_catalog.table.item import from_item
from s3_catalog.table.row_query import matching_rows
from s3_catalog.totals.tally import Tally
from tests.simulator import happening as happenings
from tests.simulator.attachments import Covered
from tests.simulator.delivery import Message
from tests.simulator.happening import rank
from tests.simulator.network import Place
from tests.simulator.readers import Readers
from tests.simulator.s3 import FakeS3
from tests.simulator.table import FakeTable, place_of
from tests.simulator.violation import Violation


class Oracle:
    """Compares a table, with its readers, with the buckets `s3`. `seen` counts cases by name."""

    def __init__(
        self,
        s3: dict[str, FakeS3],
        table: FakeTable,
        readers: Readers,
        shards: int,
        seen: Counter[str],
    ) -> None:
        self._s3 = s3
        self._table = table
        self._readers = readers
        self._shards = shards
        self._seen = seen

    def compare(
        self,
        covered: Covered,
        *,
        doubts: Container[Place],
        unfinished: Container[str],
        reconciled: bool,
    ) -> None:
        """Check that catalog and buckets are equal, and what follows from the catalog's rows.

        Keys in `doubts` are left out, and so are rows that a removal of an `unfinished` bucket has
        left over. Storage class and restore state may be missing in a row, unless an event said
        that they changed, or the buckets are `reconciled`.
        """
        rows = {(row.bucket, row.key): row for row in self._rows()}
        self._compare_readers(rows)
        places = {(name, key) for name, s3 in self._s3.items() for key in s3.versions}
        for place in rows.keys() | places:
            bucket, key = place
            row, version = rows.get(place), self._s3[bucket].current(key)
            if place not in covered:
                if row and bucket not in unfinished:
                    raise Violation(f"{row} is not in the scope {covered.prefixes}")
                continue
            if place in doubts:
                continue
            if (row is None) != (version is None):
                raise Violation(f"{place}: bucket {version}, catalog {row}")
            if row is None or version is None:
                continue
            known = None if version.id == "null" else version.id
            if (row.size, row.etag) != (version.size, version.etag) or (
                row.version_id not in {None, known}
            ):
                raise Violation(f"{place}: bucket {version}, catalog {row}")
            listed = None if version.storage_class == "STANDARD" else version.storage_class
            unknown = (row.storage_class, row.restore) == (None, None)
            if (row.storage_class, row.restore) != (listed, version.restore) and (
                reconciled or version.moved or not unknown
            ):
                raise Violation(f"{place}: stored as {version}, catalog {row}")
            self._seen["storage class in the catalog"] += row.storage_class is not None
            self._seen["restore in the catalog"] += row.restore is not None

    def _compare_readers(self, rows: dict[Place, Row]) -> None:
        self._readers.mirror_all()
        mirror = {k: s for k, s in self._readers.mirror.items() if s.size is not None}
        if {k: (s.size, s.etag, s.version_id) for k, s in mirror.items()} != {
            place: (row.size, row.etag, row.version_id) for place, row in rows.items()
        }:
            raise Violation(f"mirror {mirror}, catalog {rows}")
        for name in self._s3:
            sizes = [row.size or 0 for (bucket, _), row in rows.items() if bucket == name]
            if self._readers.totals[name] != Tally(len(sizes), sum(sizes)):
                raise Violation(f"total {self._readers.totals[name]} of {name}, catalog {rows}")
        published = {place: new for place, new in self._readers.stored.items() if new}
        if {k: (new["storage_class"], new["restore"]) for k, new in published.items()} != {
            place: (row.storage_class, row.restore) for place, row in rows.items()
        }:
            raise Violation(f"published {published}, catalog {rows}")

    def compare_requesters(self, doubted: Container[Place]) -> None:
        """Check that each row of keys that are not `doubted` has the requester of the event
        that made its state, or none.

        A row without a lookup has it, and a version with an id that was current ever since.
        """
        for item in self._table.items.values():
            place = place_of(item)
            # A comparison finds no requesters: see rule 11 in docs/correctness.md.
            if place in doubted:
                continue
            s3, key = self._s3[place[0]], place[1]
            row, version = from_item(cast("Any", item)), s3.current(key)
            if row.deleted:
                deleters = s3.deleters.get(key, [])
                if not (s3.versioned or s3.suspended):
                    deleters = deleters[-1:]
                allowed, sure = set(deleters), row.asked_at is None
            elif version:
                allowed = {version.requester}
                sure = row.asked_at is None or not (version.id == "null" or version.uncovered)
            if row.requester not in allowed and (sure or row.requester is not None):
                raise Violation(f"requester of {row}, not of {allowed} ({version})")
            if row.source_ip != happenings.source_ip(row.requester):
                raise Violation(f"requester and source of {row} are of two events")
            if row.asked_at is not None and row.requester:
                self._seen[f"looked up, with requester, deleted {row.deleted}"] += 1

    def _rows(self) -> Iterator[Row]:
        """Yield the rows of existing objects."""
        client = cast("Any", self._table)
        for name in self._s3:
            yield from matching_rows(client, self._table.name, name, self._shards, consistent=True)


def check_counts(
    reply: dict[str, Any],
    messages: list[Message],
    written: set[Place],
    known: dict[Place, int],
    covered: Covered,
) -> None:
    """Check the counts of a reply: every record once, no event older than `known`."""
    changes = [
        ((happening.bucket, happening.key), happening)
        for message in messages
        for happening in message.emission.happenings
    ]
    followed = [
        (place, happening)
        for place, happening in changes
        if happening.followed and place in covered
    ]
    keys = {place for place, _ in followed}
    unordered = {place for place, happening in followed if happening.order is None}
    uploads = {place for place, happening in followed if happening.upload}
    new = {
        place
        for place, happening in followed
        if happening.order is not None and rank(happening.order) > known.get(place, -1)
    }
    if (
        not new | unordered <= written <= new | unordered | uploads
        or reply["written"] != len(written)
        or reply["written"] + reply["superseded"] != len(keys)
        or reply["ignored"] != len(changes) - len(followed)
        or reply["coalesced"] != len(followed) - len(keys)
    ):
        raise Violation(f"miscounted: {reply}, written {written} of {keys}, new {new}")
