"""The bucket and the table that the stub of AWS has: `COUNT` objects, each with its row."""

import json
from bisect import bisect_left, bisect_right
from typing import Any
from urllib.parse import quote

from bench.deliveries import BUCKET
from reinventure.contract import CatalogOutputs, to_outputs
from s3_catalog.model.object_key import partition, partitions
from s3_catalog.model.row import Row
from s3_catalog.table.item import to_item

COUNT = 100_000
SHARDS = 16
"""The default of the setting."""

TABLE = "catalog"
EMPTY = "empty"
"""The stack, and the table, of a catalog without a row. Its bucket has this name, too."""

PAGE = 1000
"""Versions on a page of S3's listing."""

PAGE_BYTES = 2**20
"""DynamoDB's limit of a page of a query."""

KEYS = [f"2026/{n // 5000:02}/{n % 5000 // 250:02}/picture-{n:06}.jpg" for n in range(COUNT)]


def row(number: int, key: str, bucket: str = BUCKET) -> Row:
    """Return the row of the object `number`, at `key`."""
    return Row(
        bucket=bucket,
        key=key,
        sequencer=f"0067453F2A{number:08X}".ljust(32, "0"),
        event_time="2024-11-26T03:21:46.005Z",
        event_name="ObjectCreated:Put",
        version_id=f"3HL4kqtJlcpXroDTDmJ{number:013}",
        size=1000 + number,
        etag=f"{number:032x}",
        expires_at=None,
        requester="AWS:AIDAEXAMPLEUSER",
        source_ip="192.0.2.44",
    )


def _version(of: Row) -> str:
    return (
        f"<Version><Key>{quote(of.key, safe='')}</Key><VersionId>{of.version_id}</VersionId>"
        "<IsLatest>true</IsLatest><LastModified>2024-11-26T03:21:46.000Z</LastModified>"
        f"<ETag>&quot;{of.etag}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{of.size}</Size>"
        f"<Owner><ID>{'0' * 64}</ID></Owner><StorageClass>STANDARD</StorageClass></Version>"
    )


class StubRows:
    """Pages of the first `count` of both, as DynamoDB and S3 send them.

    Every row matches every filter.
    """

    def __init__(self, count: int = COUNT) -> None:
        self._keys = KEYS[:count]
        rows = [row(number, key) for number, key in enumerate(self._keys)]
        self._versions = list(map(_version, rows))
        self._partitions: dict[str, tuple[list[str], list[str]]] = {
            each: ([], []) for each in partitions(BUCKET, SHARDS)
        }
        for each in rows:
            keys, items = self._partitions[partition(BUCKET, each.key, SHARDS)]
            keys.append(each.key)
            items.append(json.dumps(to_item(each, SHARDS), separators=(",", ":")))

    def query(self, request: dict[str, Any]) -> str:
        """Return the reply to a Query. Raises ValueError for a condition that it does not have."""
        values = {
            name: value["S"]
            for name, value in request["ExpressionAttributeValues"].items()
            if "S" in value
        }
        keys: list[str] = []
        items: list[str] = []
        of, start, end = "", 0, 0
        for term in request["KeyConditionExpression"].split(" AND "):
            name = term.replace(")", "").split()[-1]
            if term.startswith("pk = "):
                of = values[name]
                keys, items = self._partitions.get(of, ([], []))
                end = len(keys)
            elif term.startswith("sk > "):
                start = max(start, bisect_right(keys, values[name]))
            elif term.startswith("begins_with(sk, "):
                start = max(start, bisect_left(keys, values[name]))
                end = min(end, bisect_left(keys, values[name] + "\U0010ffff"))
            else:
                raise ValueError(f"the stub has no condition {term!r}")
        if "ExclusiveStartKey" in request:
            start = max(start, bisect_right(keys, request["ExclusiveStartKey"]["sk"]["S"]))
        size = len(items[-1]) if items else 1  # The sizes of objects grow.
        stop = min(end, start + request.get("Limit", COUNT), start + PAGE_BYTES // size)
        count = max(0, stop - start)
        last = ""
        if stop < end:
            place = {"pk": {"S": of}, "sk": {"S": keys[stop - 1]}}
            last = f',"LastEvaluatedKey":{json.dumps(place)}'
        found = ",".join(items[start:stop])
        return f'{{"Items":[{found}],"Count":{count},"ScannedCount":{count}{last}}}'

    def versions(self, bucket: str, parameters: dict[str, str]) -> str:
        """Return the reply to ListObjectVersions, without the rest of a key that is the marker."""
        prefix = parameters.get("prefix", "")
        start = bisect_left(self._keys, prefix)
        if marker := parameters.get("key-marker"):
            start = max(start, bisect_right(self._keys, marker))
        end = bisect_left(self._keys, prefix + "\U0010ffff") if bucket == BUCKET else start
        stop = min(end, start + int(parameters.get("max-keys", PAGE)))
        more = "<IsTruncated>false</IsTruncated>"
        if stop < end:
            last = quote(self._keys[stop - 1], safe="")
            more = (
                f"<IsTruncated>true</IsTruncated><NextKeyMarker>{last}</NextKeyMarker>"
                "<NextVersionIdMarker>null</NextVersionIdMarker>"
            )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><EncodingType>url</EncodingType>{more}"
            f"{''.join(self._versions[start:stop])}</ListVersionsResult>"
        )


def stack(name: str) -> str:
    """Return CloudFormation's description of the stack `name`, a catalog of this bucket."""
    empty = name == EMPTY
    queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/failures"
    arn = "arn:aws:{}:eu-west-1:123456789012:{}"
    record = CatalogOutputs(
        data_key_arn=arn.format("kms", "key/0"),
        queue_key_arn=arn.format("kms", "key/1"),
        bucket_name=EMPTY if empty else BUCKET,
        table_name=EMPTY if empty else TABLE,
        totals_table_name="totals",
        totals_depth=3,
        shards=SHARDS,
        failure_queue_url=queue,
        ingest_arn=arn.format("lambda", "function:ingest:live"),
        changes_topic_arn=arn.format("sns", "changes.fifo"),
        publish_arn=arn.format("lambda", "function:publish"),
    )
    outputs = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in to_outputs(record).items()
    )
    return (
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        f"<DescribeStacksResult><Stacks><member><StackName>{name}</StackName>"
        "<StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-26T12:00:00Z"
        f"</CreationTime><Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult>"
        "<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></DescribeStacksResponse>"
    )
