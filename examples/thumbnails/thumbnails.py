"""A Lambda function that keeps a thumbnail of each image of a catalogued bucket."""

import io
import json
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError
from PIL import Image, ImageOps

s3 = boto3.client("s3")
THUMBNAILS = os.environ["THUMBNAILS"]
MAX_BYTES = 50_000_000
CONTENT = {"size", "etag", "version_id"}
GONE = {"InvalidObjectState", "NoSuchKey", "PreconditionFailed"}


def handler(event: dict[str, Any], _context: object) -> None:
    """Follow each change of a batch. If one fails, SQS delivers the batch again, in order."""
    for record in event["Records"]:
        follow(json.loads(record["body"]))


def follow(change: dict[str, Any]) -> None:
    """Write the thumbnail of `change`, unless that of the same or a later change is there.

    The thumbnail has the position of its change, and S3 replaces the one that was compared only.
    """
    if change["kind"] == "updated" and not CONTENT.intersection(change.get("changed", CONTENT)):
        return  # Another storage class, for example.
    healed, asked = change.get("healed_at") or 0, change["asked_at"] or 0
    position = f"{healed:020} {change['sequencer']} {asked:020}"
    try:
        head = s3.head_object(Bucket=THUMBNAILS, Key=change["key"])
        if position <= head["Metadata"]["position"]:
            return
        only: dict[str, Any] = {"IfMatch": head["ETag"]}
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        only = {"IfNoneMatch": "*"}
    written = {"Metadata": {"position": position}, "ContentType": "image/jpeg", **only}
    s3.put_object(Bucket=THUMBNAILS, Key=change["key"], Body=thumbnail(change), **written)


def thumbnail(change: dict[str, Any]) -> bytes:
    """Return a JPEG of up to 256 x 256 pixels; nothing if the object is gone, or is no image."""
    if (new := change["new"]) is None or new["size"] > MAX_BYTES:
        return b""
    try:
        of = {"Bucket": change["bucket"], "Key": change["key"], "IfMatch": f'"{new["etag"]}"'}
        image = Image.open(io.BytesIO(s3.get_object(**of)["Body"].read()))
        image.thumbnail((256, 256))
        ImageOps.exif_transpose(image).convert("RGB").save(jpeg := io.BytesIO(), "JPEG")
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return b""  # A later change follows, with what is there now.
    except (OSError, Image.DecompressionBombError):
        return b""
    return jpeg.getvalue()
