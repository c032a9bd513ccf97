"""What one would write with boto3 to list the rows of the stub's table, or its bucket.

python -m bench.listing_peers rows|bucket
"""

import heapq
import sys
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import boto3

BUCKET, TABLE, SHARDS = "photos-example", "catalog", 16


def rows() -> None:
    """Print every row in key order: a query of each partition, and their merge."""
    table = boto3.resource("dynamodb").Table(TABLE)

    def partition(number: int) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": f"{BUCKET}#{SHARDS}#{number}"},
        }
        while True:
            page = table.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    for item in heapq.merge(*map(partition, range(SHARDS)), key=itemgetter("sk")):
        print(item["event_time"], f"{item['size']:>14}", item["sk"])


def bucket() -> None:
    """Read the whole listing of versions, do nothing with it, and print their number."""
    pages = boto3.client("s3").get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    print(sum(len(page["Versions"]) for page in pages))


if __name__ == "__main__":
    {"rows": rows, "bucket": bucket}[sys.argv[1]]()
