"""The deployed catalog: its bucket, its tables, and the queries on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from reinventure.aws import catalog_clients, deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.environment_session import EnvironmentSession
from reinventure.contract import CatalogOutputs
from reinventure.errors import UserError
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.model import object_key, scope
from s3_catalog.model.row import Row, agree
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.model.stored_object import StoredObject, Version
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import side_by_side
from s3_catalog.reconciliation.last_verified import LastVerified
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import EXISTING, Filter, Listed, listing, matching_rows
from s3_catalog.table.store import Store
from s3_catalog.totals.totals_table import TotalsTable

if TYPE_CHECKING:
    import boto3
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

MAX_VERSIONS = 10
"""Versions of a key that are read from S3."""

MAX_NAMED = 10
"""Buckets that an error names."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """Row and versions of `key`, and whether catalog and bucket agree about it.

    `partition` is the partition key of its row. `versions` has the newest ones, newest first.
    """

    bucket: str
    key: str
    partition: str
    row: Row | None
    versions: list[Version]
    agree: bool


@dataclass(frozen=True)
class DeployedCatalog:
    """The catalog of a stack, in the account and region of `session`, and one bucket of its scope.

    `chosen` is the name of the bucket; None is for the only one. Methods that read AWS
    raise botocore's ClientError or BotoCoreError.
    """

    session: "boto3.Session"
    stack: str
    """Name of the CloudFormation stack."""
    outputs: CatalogOutputs
    chosen: str | None = None

    @cached_property
    def scope(self) -> Scope:
        """Which keys of which buckets have rows."""
        names = (self.outputs.bucket_name, self.outputs.attached_buckets)
        return scope.parse(",".join(name for name in names if name))

    @property
    def bucket(self) -> str:
        """Name of the bucket. Raises UserError if there are several and none is chosen."""
        if self.chosen is None and len(self.scope.buckets) > 1:
            raise UserError(f"the catalog has several buckets, name one of them: {self._urls()}")
        return self.chosen or self.scope.buckets[0]

    def choose(self, bucket: str | None, prefix: str = "") -> "DeployedCatalog":
        """Return this catalog with `bucket`, None for its only one.

        Raises UserError if it has no such bucket, or several, or no keys under `prefix`.
        """
        bucket = self.bucket if bucket is None else bucket
        if bucket not in self.scope.buckets:
            raise UserError(f"s3://{bucket} is not in the catalog, which has {self._urls()}")
        chosen = replace(self, chosen=bucket)
        if not self.scope.under(bucket, prefix):
            raise chosen.outside(prefix)
        return chosen

    def outside(self, key: str) -> UserError:
        """Return the error for `key`, or a prefix, that is outside of the bucket's prefixes."""
        url = f"s3://{self.bucket}/"
        prefixes = ", ".join(f"{url}{each}" for each in self.scope.prefixes(self.bucket))
        return UserError(f"{url}{key} is not in the catalog, which has {prefixes} only")

    def choose_left(self, bucket: str) -> "DeployedCatalog":
        """Return this catalog with `bucket`, which left the scope: its tables may have rows of it.

        Raises UserError if it is in the scope.
        """
        if bucket in self.scope.buckets:
            raise UserError(f"s3://{bucket} is in the catalog: detach it first")
        return replace(self, chosen=bucket)

    def left_buckets(self) -> list[str]:
        """Return the buckets that have totals, but are not in the scope any more, in order."""
        totals = self.totals()
        left = (each for each in totals.buckets() if each not in self.scope.buckets)
        return [each for each in left if totals.has(each)]

    def has_left(self, bucket: str) -> bool:
        """Whether `bucket` is not in the scope, but has totals or rows of objects."""
        return bucket not in self.scope.buckets and (
            self.totals().has(bucket) or any(self.choose_left(bucket).all_rows())
        )

    def all_rows(self, prefix: str = "") -> Iterator[Row]:
        """Yield the row of every object under `prefix`, in the scope or not, in key order.

        Totals count all of them, and the scope may change meanwhile. The reads are consistent.
        """
        return matching_rows(
            self.items,
            self.table,
            self.bucket,
            self.outputs.shards,
            prefix=prefix,
            consistent=True,
        )

    def has_left_rows(self, prefix: str) -> bool:
        """Whether there is a row of an object under `prefix` of the bucket, but not in the scope.

        The reads are consistent.
        """
        scope = self.current_scope()
        return any((row.bucket, row.key) not in scope for row in self.all_rows(prefix))

    def current_scope(self) -> Scope:
        """Return the scope as the stack has it now. Raises what `find` raises."""
        return find(self.session, self.stack).scope

    def require_in_scope(self, prefix: str) -> None:
        """Raise UserError if keys under `prefix` of the bucket left the scope of the stack.

        Another command or a pipeline may detach them at any time. Raises what `find` raises.
        """
        if prefix not in self.current_scope().under(self.bucket, prefix):
            url = f"s3://{Entry(self.bucket, prefix)}"
            raise UserError(
                f"{url} was detached meanwhile, so this command ended. It may have written rows "
                f"after the removal: `reinventure repair s3://{self.bucket}/` removes them"
            )

    def own(self) -> "DeployedCatalog":
        """Return this catalog with the bucket that the stack made. Raises UserError without one."""
        if not self.outputs.bucket_name:
            raise UserError(
                "the catalog has no bucket of its own (setting buckets), and nothing is written to "
                "attached ones"
            )
        return replace(self, chosen=self.outputs.bucket_name)

    def _urls(self) -> str:
        urls = [f"s3://{bucket}/" for bucket in self.scope.buckets]
        more = len(urls) - MAX_NAMED
        named = ", ".join(urls[:MAX_NAMED])
        return f"{named} and {more:,} more (`reinventure buckets`)" if more > 0 else named

    @property
    def partition(self) -> str:
        """The AWS partition, such as `aws`."""
        return self.outputs.data_key_arn.split(":")[1]

    @property
    def region(self) -> str:
        """Name of the region of the stack."""
        return self.outputs.data_key_arn.split(":")[3]

    @property
    def account(self) -> str:
        """Id of the account of the stack."""
        return self.outputs.data_key_arn.split(":")[4]

    def notifications(self) -> BucketNotifications:
        """Return the notification configurations of the buckets of the account."""
        # A client for these alone: it returns raw bodies.
        return BucketNotifications(self.session.client("s3", config=config()), self.account)

    @property
    def table(self) -> str:
        """Name of the table of rows."""
        return self.outputs.table_name

    @cached_property
    def s3(self) -> "S3Client":
        """The client for the bucket."""
        return self.session.client("s3", config=config())

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client for the tables."""
        return self.session.client("dynamodb", config=config())

    @cached_property
    def items(self) -> "DynamoDBClient":
        """The client for items of the tables, without other operations."""
        if isinstance(self.session, EnvironmentSession):
            return self.session.items()
        return catalog_clients.items(self.session, self.dynamodb)

    def stored(self) -> Bucket:
        """Return the bucket, to read."""
        return Bucket(self._versions, self.bucket)

    def _versions(self) -> "S3Client":
        if isinstance(self.session, EnvironmentSession):
            return self.session.versions()
        return catalog_clients.versions(self.session, self.s3)

    def store(self) -> Store:
        """Return the table of rows, to read and write."""
        return Store(self.items, self.table, self.outputs.shards)

    def totals(self) -> TotalsTable:
        """Return the table of totals."""
        return TotalsTable(
            self.items,
            self.outputs.totals_table_name,
            self.outputs.shards,
            self.outputs.totals_depth,
        )

    def last_verified(self) -> LastVerified:
        """Return when a comparison last found each bucket equal, to read and write."""
        return LastVerified(self.items, self.outputs.totals_table_name)

    def rows(self, prefix: str = "", *, consistent: bool = False) -> Iterator[Row]:
        """Yield the row of every object under `prefix`, in key order.

        `consistent` reads include every write that was acknowledged before, at twice the price.
        """
        return self._matching(EXISTING, Reading(), prefix, consistent=consistent)

    def listing(self, prefix: str = "") -> Iterator[list[Listed]]:
        """Yield every object under `prefix`, in key order, in lists as they are read."""
        for each in self.scope.under(self.bucket, prefix):
            yield from listing(
                self.items, self.table, self.bucket, self.outputs.shards, prefix=each
            )

    def found(self, wanted: Filter, reading: Reading, prefix: str = "") -> Iterator[Row]:
        """Yield each row under `prefix` that matches `wanted`, in key order.

        `reading` counts the rows that are read.
        """
        return self._matching(wanted, reading, prefix, consistent=False)

    def _matching(
        self, wanted: Filter, reading: Reading, prefix: str, *, consistent: bool, after: str = ""
    ) -> Iterator[Row]:
        for each in self.scope.under(self.bucket, prefix):
            yield from matching_rows(
                self.items,
                self.table,
                self.bucket,
                self.outputs.shards,
                wanted,
                prefix=each,
                after=after,
                consistent=consistent,
                reading=reading,
            )

    def key_state(self, key: str) -> KeyState:
        """Return row and versions of `key` as they are now."""
        row = self.store().read(self.bucket, key)
        stored = self.stored()
        return KeyState(
            bucket=self.bucket,
            key=key,
            partition=object_key.partition(self.bucket, key, self.outputs.shards),
            row=row,
            versions=stored.versions(key, MAX_VERSIONS),
            agree=agree(row, stored.current(key)),
        )

    def compared(
        self, prefix: str, after: str = ""
    ) -> Iterator[tuple[StoredObject | None, Row | None]]:
        """Yield object and row of each key under `prefix`, in key order; None where one is missing.

        Only keys greater than `after`.

        Compares the bucket's own listing with consistent reads of the catalog. A tombstone comes
        only if its sequencer is implausible.
        """
        stored, wanted = self.stored(), Filter(implausible_at=utc_now())
        for each in self.scope.under(self.bucket, prefix):
            rows = self._matching(wanted, Reading(), each, consistent=True, after=after)
            for _, thing, row in side_by_side(stored.listing(prefix=each, after=after), rows):
                if thing or row:
                    yield thing, row


def find(session: "boto3.Session", stack: str) -> DeployedCatalog:
    """Return the catalog of the stack named `stack`.

    Raises UserError when there is no such stack or it is not a catalog, and botocore's ClientError
    or BotoCoreError.
    """
    if isinstance(session, EnvironmentSession):
        client = session.stacks()
    else:
        client = session.client("cloudformation", config=config())
    return DeployedCatalog(session, stack, deployed_stack.find(client, stack, CatalogOutputs))
