"""A Lambda function that sends the size of a folder to CloudWatch, whose alarm has the limit."""

import os
from typing import Any

import boto3

TABLE, BUCKET, FOLDER = (os.environ[name] for name in ("TABLE", "BUCKET", "FOLDER"))
DEPTH, SHARDS = int(os.environ["DEPTH"]), int(os.environ["SHARDS"])
dynamodb, cloudwatch = boto3.client("dynamodb"), boto3.client("cloudwatch")


def handler(_event: dict[str, Any], _context: object) -> None:
    """Send the total of the folder: the sum of its counter shards (docs/design.md, "Totals")."""
    if FOLDER.count("/") > DEPTH or not (FOLDER or "/").endswith("/"):
        raise ValueError(f"{FOLDER!r} has no total: use up to {DEPTH} names, each with a slash")
    place = f"{BUCKET}#{DEPTH}#{FOLDER.count('/')}#{SHARDS}"
    size = 0
    for shard in range(SHARDS):
        key = {"pk": {"S": f"{place}#{shard}"}, "sk": {"S": FOLDER or "/"}}
        item = dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        size += int(item["bytes"]["N"]) if item else 0
    cloudwatch.put_metric_data(
        Namespace="Folders",
        MetricData=[
            {
                "MetricName": "Size",
                "Dimensions": [{"Name": "Folder", "Value": f"s3://{BUCKET}/{FOLDER}"}],
                "Value": size,
                "Unit": "Bytes",
            }
        ],
    )
