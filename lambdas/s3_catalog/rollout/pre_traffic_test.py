"""The trial of a version of `ingest` in the real table, before any event of S3 reaches it.

What must come of it is written out here as DynamoDB stores it, not computed by the code that is on
trial: that would find its own mistakes right. The rows are of a bucket that there cannot be, which
totals and change feed ignore, and of one key, so that a trial that was cut short leaves at most one
row, which the next one replaces.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from s3_catalog.errors import PreTrafficTestError
from s3_catalog.model.row import TEST_BUCKET

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient

KEY = "probe/a b+c%20é.txt"
_ENCODED = "probe/a+b%2Bc%2520%C3%A9.txt"
_DIGEST = 6680583105497074928
"""A key that is easily decoded wrongly; as S3 sends it; and its BLAKE2 digest of eight bytes."""

_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_VERSION_ID = "096fKKXTRTtl3on89fVO.nfljtsv6qko"
_SIZE = 1024
_TOMBSTONE_DAYS = 60
_SEQUENCER_DIGITS = 32

Item = Mapping[str, Any]


@dataclass(frozen=True)
class PreTrafficTest:
    """The trial of `version` (a function's ARN with its version), which writes to `table`.

    `shards` is how many the table has, `key` the ARN of the key that it must be under.
    """

    functions: "LambdaClient"
    dynamodb: "DynamoDBClient"
    version: str
    table: str
    shards: int
    key: str

    def run(self) -> None:
        """Try the version, and remove what was written.

        Raises PreTrafficTestError when it fails, and botocore's ClientError or BotoCoreError when
        AWS does not answer.
        """
        self._check_encryption()
        at = datetime.now(UTC)
        older, put, newer = _marker(at, 0), _put(at, 1), _marker(at, 2)
        try:
            self._deliver("a put", put, written=1)
            self._expect("a put", _row(at, 1, self.shards))
            self._deliver("the same put again", put, superseded=1)
            self._deliver("an older delete", older, superseded=1)
            self._expect("what is no news", _row(at, 1, self.shards))
            self._deliver("a newer delete", newer, written=1)
            self._expect("a newer delete", _tombstone(at, 2, self.shards))
            self._deliver("a put from before the delete", put, superseded=1)
            self._expect("a put from before the delete", _tombstone(at, 2, self.shards))
        finally:
            self.dynamodb.delete_item(TableName=self.table, Key=_place(self.shards))

    def _check_encryption(self) -> None:
        described = self.dynamodb.describe_table(TableName=self.table)["Table"]
        found = described.get("SSEDescription", {})
        promised = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": self.key}
        if {name: found.get(name) for name in promised} != promised:
            raise PreTrafficTestError(
                f"table {self.table} is to be encrypted as {promised}, it is {found}"
            )

    def _deliver(self, step: str, record: object, **expected: int) -> None:
        delivery = {"probe": True, "Records": [record]}
        reply = self.functions.invoke(
            FunctionName=self.version, Payload=json.dumps(delivery).encode()
        )
        answer = json.loads(reply["Payload"].read())
        promised: dict[str, object] = {
            "written": 0,
            "superseded": 0,
            "ignored": 0,
            "coalesced": 0,
            **expected,
            "batchItemFailures": [],
        }
        if "FunctionError" in reply or {name: answer.get(name) for name in promised} != promised:
            raise PreTrafficTestError(f"{step}: expected {promised}, the version answered {answer}")

    def _expect(self, step: str, row: Item) -> None:
        found = self.dynamodb.get_item(
            TableName=self.table, Key=_place(self.shards), ConsistentRead=True
        ).get("Item")
        if found != row:
            raise PreTrafficTestError(f"after {step}: expected row {row}, found {found}")


def _place(shards: int) -> dict[str, Any]:
    return {"pk": {"S": f"{TEST_BUCKET}#{shards}#{_DIGEST % shards}"}, "sk": {"S": KEY}}


def _sequencer(at: datetime, n: int) -> str:
    # Of a later trial always greater, like S3's own.
    return f"{int(at.timestamp() * 1000) + n:016X}"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(name: str, at: datetime, n: int) -> dict[str, Any]:
    return {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "eventName": name,
        "eventTime": _time(at),
        "s3": {
            "bucket": {"name": TEST_BUCKET},
            "object": {
                "key": _ENCODED,
                "versionId": _VERSION_ID,
                "sequencer": _sequencer(at, n),
            },
        },
    }


def _put(at: datetime, n: int) -> object:
    record = _record("ObjectCreated:Put", at, n)
    record["s3"]["object"] |= {"size": _SIZE, "eTag": _ETAG}
    return record


def _marker(at: datetime, n: int) -> object:
    return _record("ObjectRemoved:DeleteMarkerCreated", at, n)


def _row(at: datetime, n: int, shards: int) -> Item:
    return {
        **_place(shards),
        "sequencer": {"S": _sequencer(at, n).ljust(_SEQUENCER_DIGITS, "0")},
        "event_time": {"S": _time(at)},
        "event_name": {"S": "ObjectCreated:Put"},
        "version_id": {"S": _VERSION_ID},
        "size": {"N": str(_SIZE)},
        "etag": {"S": _ETAG},
    }


def _tombstone(at: datetime, n: int, shards: int) -> Item:
    expiry = int((at + timedelta(days=_TOMBSTONE_DAYS)).timestamp())
    return {
        **_place(shards),
        "sequencer": {"S": _sequencer(at, n).ljust(_SEQUENCER_DIGITS, "0")},
        "event_time": {"S": _time(at)},
        "event_name": {"S": "ObjectRemoved:DeleteMarkerCreated"},
        "version_id": {"S": _VERSION_ID},
        "expires_at": {"N": str(expiry)},
    }
