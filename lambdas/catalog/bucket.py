"""Reading what S3 itself says a bucket holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The current version of an object: its key, size in bytes, and ETag without quotes."""

    key: str
    size: int
    etag: str


def stored_objects(client: "S3Client", bucket: str, *, prefix: str = "") -> Iterator[StoredObject]:
    """Yield every object under `prefix` in the order of S3's listing: by the keys' UTF-8 bytes.

    A thousand objects a request; S3 lists strongly consistently. Raises botocore's ClientError
    or BotoCoreError when the bucket cannot be listed.
    """
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            yield StoredObject(key=entry["Key"], size=entry["Size"], etag=entry["ETag"].strip('"'))
