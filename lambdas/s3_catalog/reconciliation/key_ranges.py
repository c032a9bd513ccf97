"""Cutting the keys of a bucket into ranges that can be worked on side by side."""

from collections import deque
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MOST = 100
"""Ranges. More would not fit into a Step Functions state (256 KB) if the keys were long."""

_LONGEST = 100
"""Characters of a boundary. Any text may be one, also the beginning of a key."""

_MAX_CALLS = 200


class Range(TypedDict):
    """The keys greater than `after` and, unless it is None, not greater than `until`."""

    after: str
    until: str | None


def split(client: "S3Client", bucket: str) -> list[Range]:
    """Return ranges that together hold every key, in order, cut at the bucket's own folders.

    Folders are read level by level until there are enough, or no more. The ranges may be of very
    different sizes: S3 does not say how much is in a folder. Raises botocore's ClientError or
    BotoCoreError when the bucket cannot be listed.
    """
    boundaries: set[str] = set()
    folders = deque([""])
    for _ in range(_MAX_CALLS):
        if not folders or len(boundaries) >= MOST:
            break
        page = client.list_objects_v2(Bucket=bucket, Prefix=folders.popleft(), Delimiter="/")
        deeper = [folder["Prefix"] for folder in page.get("CommonPrefixes", [])]
        boundaries.update(folder[:_LONGEST] for folder in deeper)
        folders.extend(deeper)
    every = -(-len(boundaries) // (MOST - 1)) or 1
    cuts = sorted(boundaries)[every - 1 :: every]
    return [
        {"after": after, "until": until}
        for after, until in zip(["", *cuts], [*cuts, None], strict=True)
    ]
