"""The catalog that is deployed where the environment points: an account, or the local cloud."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from reinventure.errors import UserError
from s3_catalog.model import object_key
from s3_catalog.model.row import Row, agree
from s3_catalog.model.stored_object import StoredObject, Version
from s3_catalog.reconciliation.difference import side_by_side
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter, matching_rows
from s3_catalog.table.store import Store
from s3_catalog.totals.totals_table import TotalsTable

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

STACK = "Catalog"
"""What the stack is called that has the catalog, unless somebody chose another name."""

CONFIG = Config(
    connect_timeout=5,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 3},
)
"""For a person who waits: a wrong endpoint is said within seconds, not minutes."""

MAX_VERSIONS = 10
"""Versions of a key that S3 is asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that catalog and bucket know of `key`. `versions` are the newest ones, newest first."""

    bucket: str
    key: str
    partition: str
    row: Row | None
    versions: list[Version]
    agree: bool


@dataclass(frozen=True)
class DeployedCatalog:
    """A bucket and its catalog, found by the outputs of the stack that made them."""

    session: boto3.Session
    bucket: str
    table: str
    shards: int
    totals_table: str
    totals_depth: int
    failure_queue_url: str
    ingest: str
    """The ARN of the alias that events go to."""
    changes_topic: str
    """The ARN of the topic of the change feed."""
    publish: str
    """The ARN of the function that feeds it."""
    keys: dict[str, str]
    """The ARNs of the customer keys, by name."""

    @cached_property
    def s3(self) -> "S3Client":
        """The client for the bucket."""
        return self.session.client("s3", config=CONFIG)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client for the table."""
        return self.session.client("dynamodb", config=CONFIG)

    def stored(self) -> Bucket:
        """Return the bucket, to ask."""
        return Bucket(lambda: self.s3, self.bucket)

    def store(self) -> Store:
        """Return the table, to write to."""
        return Store(self.dynamodb, self.table, self.shards)

    def totals(self) -> TotalsTable:
        """Return the table of totals, to ask."""
        return TotalsTable(self.dynamodb, self.totals_table, self.shards, self.totals_depth)

    def rows(self, prefix: str = "", *, consistent: bool = False) -> Iterator[Row]:
        """Yield the row of every object under `prefix`, in key order."""
        return matching_rows(
            self.dynamodb,
            self.table,
            self.bucket,
            self.shards,
            prefix=prefix,
            consistent=consistent,
        )

    def found(self, wanted: Filter, reading: Reading, prefix: str = "") -> Iterator[Row]:
        """Yield each row under `prefix` that is `wanted`, in key order; `reading` counts along."""
        return matching_rows(
            self.dynamodb,
            self.table,
            self.bucket,
            self.shards,
            wanted,
            prefix=prefix,
            reading=reading,
        )

    def known(self, key: str) -> Known:
        """Return all that catalog and bucket know of `key` at this moment."""
        row = self.store().read(self.bucket, key)
        stored = self.stored()
        return Known(
            bucket=self.bucket,
            key=key,
            partition=object_key.partition(self.bucket, key, self.shards),
            row=row,
            versions=stored.versions(key, MAX_VERSIONS),
            agree=agree(row, stored.current(key)),
        )

    def compared(self, prefix: str) -> Iterator[tuple[StoredObject | None, Row | None]]:
        """Yield each key under `prefix` as the bucket's own listing and the catalog have it."""
        listing = self.stored().listing(prefix=prefix)
        return (
            (thing, row)
            for _, thing, row in side_by_side(listing, self.rows(prefix, consistent=True))
            if thing or row
        )


def find(session: boto3.Session, stack: str) -> DeployedCatalog:
    """Return the catalog that the stack named `stack` made.

    Raises UserError when there is no such stack, or it is not one of ours.
    """
    outputs = stack_outputs(
        session.client("cloudformation", config=CONFIG),
        stack,
        ". Deploy it with `make deploy` (an account) or `make up` (this local), or name another "
        "one with --stack.",
    )
    try:
        return DeployedCatalog(
            session=session,
            bucket=outputs["BucketName"],
            table=outputs["TableName"],
            shards=int(outputs["Shards"]),
            totals_table=outputs["TotalsTableName"],
            totals_depth=int(outputs["TotalsDepth"]),
            failure_queue_url=outputs["FailureQueueUrl"],
            ingest=outputs["IngestArn"],
            changes_topic=outputs["ChangesTopicArn"],
            keys={"DATA": outputs["DataKeyArn"], "QUEUE": outputs["QueueKeyArn"]},
            publish=outputs["PublishArn"],
        )
    except KeyError as missing:
        raise UserError(
            f"stack {stack!r} has no output {missing.args[0]}: it is not a reinventure catalog, or "
            "its deployment has not finished."
        ) from None


def stack_outputs(client: "CloudFormationClient", stack: str, advice: str) -> dict[str, str]:
    """Return the outputs of `stack` by their names.

    Raises UserError when there is no such stack; `advice` ends its sentence, and says what to do.
    """
    try:
        reply = client.describe_stacks(StackName=stack)
    except ClientError as error:
        if "does not exist" not in error.response["Error"].get("Message", ""):
            raise
        region = client.meta.region_name
        raise UserError(f"no stack {stack!r} in region {region}{advice}") from None
    return {
        output["OutputKey"]: output["OutputValue"]
        for output in reply["Stacks"][0].get("Outputs", [])
    }


def explain(error: ClientError | BotoCoreError) -> str:
    """Return one line that says what AWS refused, or why it could not be asked, and what to do."""
    if isinstance(error, ClientError):
        code = error.response["Error"].get("Code", "error")
        message = error.response["Error"].get("Message", "")
        hint = _HINTS.get(code, "")
        return " ".join(f"{error.operation_name}: {code}: {message} {hint}".split())
    hint = _HINTS.get(type(error).__name__, "")
    return " ".join(f"{str(error).rstrip('.')}. {hint}".split())


_CREDENTIALS = (
    "Set AWS_PROFILE, or log in again, for an account; `source .local/env` for the local cloud."
)
_CONNECTION = (
    "Is the local cloud still up (`make up`)? Is AWS_ENDPOINT_URL left over from one that is not?"
)
_HINTS = {
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "TokenRetrievalError": _CREDENTIALS,
    "UnauthorizedSSOTokenError": _CREDENTIALS,
    "SSOTokenLoadError": _CREDENTIALS,
    "ProfileNotFound": "`aws configure list-profiles` shows those that exist.",
    "NoRegionError": "Set AWS_REGION, or give --region.",
    "InvalidClientTokenId": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "EndpointConnectionError": _CONNECTION,
    "ConnectTimeoutError": _CONNECTION,
    "ReadTimeoutError": _CONNECTION,
    "SSLError": _CONNECTION,
}
