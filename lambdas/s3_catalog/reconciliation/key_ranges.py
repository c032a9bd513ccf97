"""Cutting the keys of a bucket into ranges that are compared in parallel."""

from collections import deque
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MAX_RANGES = 100
"""More ranges, with long keys, would exceed the size of a Step Functions state (256 KB)."""

_MAX_LENGTH = 100
"""Characters of a boundary. A boundary need not be a key: a folder's name may be cut."""

_MAX_CALLS = 200
"""ListObjectsV2 requests."""


class Range(TypedDict):
    """The keys greater than `after` and, unless it is None, not greater than `until`."""

    after: str
    until: str | None


def split(client: "S3Client", bucket: str) -> list[Range]:
    """Return ranges that together hold every key, in order, with folders as boundaries.

    Reads folders level by level, until there are enough or no more. The sizes of ranges may differ
    widely: S3 has no size of a folder. Raises botocore's ClientError or BotoCoreError when the
    bucket cannot be listed.
    """
    boundaries: set[str] = set()
    folders = deque([""])
    for _ in range(_MAX_CALLS):
        if not folders or len(boundaries) >= MAX_RANGES:
            break
        page = client.list_objects_v2(Bucket=bucket, Prefix=folders.popleft(), Delimiter="/")
        subfolders = [folder["Prefix"] for folder in page.get("CommonPrefixes", [])]
        boundaries.update(folder[:_MAX_LENGTH] for folder in subfolders)
        folders.extend(subfolders)
    every = -(-len(boundaries) // (MAX_RANGES - 1)) or 1
    cuts = sorted(boundaries)[every - 1 :: every]
    return [
        {"after": after, "until": until}
        for after, until in zip(["", *cuts], [*cuts, None], strict=True)
    ]
