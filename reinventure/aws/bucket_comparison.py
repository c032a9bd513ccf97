"""Comparing buckets with their catalog: the differences, one by one, and the number of keys."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reinventure import reporting
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation import difference
from s3_catalog.reconciliation.difference import Kind

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog
    from s3_catalog.model.row import Row
    from s3_catalog.model.stored_object import StoredObject


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of `bucket` about which S3 and the catalog differ.

    `stored` is the object that S3 lists, None if it lists none; `row` is that of the catalog, or
    None. `kind` says which is wrong: see `DifferenceKind`.
    """

    kind: Kind
    bucket: str
    key: str
    stored: "StoredObject | None"
    row: "Row | None"


class Comparison(Iterator[Difference]):
    """An iterator over the differences, in key order, that counts what it compares.

    Keys are compared while it is read, so read it to its end. It reads the buckets' own listings
    and the rows, changes neither, and has memory for a few pages of each. An event that is still on
    its way is a difference. Raises botocore's ClientError or BotoCoreError.
    """

    compared: int
    """Number of keys compared so far."""
    kinds: Counter[Kind]
    """Number of differences so far, by kind."""

    def __init__(
        self, catalogs: "Sequence[DeployedCatalog]", prefix: str, report: Callable[[int], object]
    ) -> None:
        self.compared, self.kinds = 0, Counter[Kind]()
        self._differences = self._compare(catalogs, prefix, report)

    @property
    def equal(self) -> bool:
        """Whether no difference was found so far."""
        return not self.kinds

    def __next__(self) -> Difference:
        return next(self._differences)

    def _compare(
        self, catalogs: "Sequence[DeployedCatalog]", prefix: str, report: Callable[[int], object]
    ) -> Iterator[Difference]:
        for catalog in catalogs:
            for stored, row in reporting.each(catalog.compared(prefix), report):
                self.compared += 1
                if found := difference.difference(stored, row, utc_now()):
                    self.kinds[found.kind] += 1
                    yield Difference(found.kind, catalog.bucket, found.key, stored, row)
