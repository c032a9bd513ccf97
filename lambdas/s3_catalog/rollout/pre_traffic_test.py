"""The pre-traffic test: a new version of `ingest` handles test events in the real table.

The expected rows are literals in DynamoDB's format. They are not computed by the code under test,
which would repeat its own mistakes. The events are of `TEST_BUCKET`, which totals and change feed
ignore, and of one key: a test that is interrupted leaves at most one row, and the next test
replaces it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from s3_catalog.exceptions import PreTrafficTestError
from s3_catalog.model.row import TEST_BUCKET

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient

KEY = "probe/a b+c%20é.txt"
_ENCODED = "probe/a+b%2Bc%2520%C3%A9.txt"
_DIGEST = 6680583105497074928
"""A key that tests the decoding; the same as S3 encodes it; and its BLAKE2 digest (8 bytes)."""

_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_VERSION_ID = "096fKKXTRTtl3on89fVO.nfljtsv6qko"
_SIZE = 1024
_TOMBSTONE_DAYS = 60
_SEQUENCER_DIGITS = 32

Item = Mapping[str, Any]


@dataclass(frozen=True)
class PreTrafficTest:
    """The test of `version` (a function's ARN with its version), which writes to `table`.

    `shards` is the table's number of shards, `key` the ARN of the KMS key that must encrypt it.
    """

    functions: "LambdaClient"
    dynamodb: "DynamoDBClient"
    version: str
    table: str
    shards: int
    key: str

    def run(self) -> None:
        """Run the test, and delete its row.

        Raises PreTrafficTestError when the test fails, and botocore's ClientError or BotoCoreError
        when AWS does not answer.
        """
        self._check_encryption()
        at = datetime.now(UTC)
        older, put, newer = _marker(at, 0), _put(at, 1), _marker(at, 2)
        try:
            self._deliver("a put", put, written=1)
            self._expect("a put", _row(at, 1, self.shards))
            self._deliver("a duplicate of the put", put, superseded=1)
            self._deliver("an older delete", older, superseded=1)
            self._expect("superseded events", _row(at, 1, self.shards))
            self._deliver("a newer delete", newer, written=1)
            self._expect("a newer delete", _tombstone(at, 2, self.shards))
            self._deliver("the put after the newer delete", put, superseded=1)
            self._expect("the put after the newer delete", _tombstone(at, 2, self.shards))
        finally:
            self.dynamodb.delete_item(TableName=self.table, Key=_place(self.shards))

    def _check_encryption(self) -> None:
        described = self.dynamodb.describe_table(TableName=self.table)["Table"]
        found = described.get("SSEDescription", {})
        expected = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": self.key}
        if {name: found.get(name) for name in expected} != expected:
            raise PreTrafficTestError(
                f"table {self.table}: expected encryption {expected}, found {found}"
            )

    def _deliver(self, step: str, record: object, **counts: int) -> None:
        delivery = {"probe": True, "Records": [record]}
        reply = self.functions.invoke(
            FunctionName=self.version, Payload=json.dumps(delivery).encode()
        )
        result = json.loads(reply["Payload"].read())
        expected: dict[str, object] = {
            "written": 0,
            "superseded": 0,
            "ignored": 0,
            "coalesced": 0,
            **counts,
            "batchItemFailures": [],
        }
        if "FunctionError" in reply or {name: result.get(name) for name in expected} != expected:
            raise PreTrafficTestError(f"{step}: expected reply {expected}, found {result}")

    def _expect(self, step: str, row: Item) -> None:
        found = self.dynamodb.get_item(
            TableName=self.table, Key=_place(self.shards), ConsistentRead=True
        ).get("Item")
        if found != row:
            raise PreTrafficTestError(f"after {step}: expected row {row}, found {found}")


def _place(shards: int) -> dict[str, Any]:
    return {"pk": {"S": f"{TEST_BUCKET}#{shards}#{_DIGEST % shards}"}, "sk": {"S": KEY}}


def _sequencer(at: datetime, n: int) -> str:
    # As S3's: seconds since 1970 in ten digits, and a fraction in eight.
    return f"{int(at.timestamp() * 16**8) + n:018X}"


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
