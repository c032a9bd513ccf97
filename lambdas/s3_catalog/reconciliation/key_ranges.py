"""Cutting the keys of a scope into ranges that are compared in parallel."""

import logging
from collections import deque
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import ClientError

from s3_catalog.model.scope import Entry, Scope

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_log = logging.getLogger(__name__)

MAX_RANGES = 100
"""More ranges, with long keys, would exceed the size of a Step Functions state (256 KB)."""

_MAX_LENGTH = 100
"""Characters of a boundary. A boundary need not be a key: a folder's name may be cut."""

_MAX_CALLS = 200
"""ListObjectsV2 requests."""


class Range(TypedDict):
    """Keys of `bucket` under `prefix`.

    They are greater than `after` and, unless it is None, not greater than `until`.
    """

    bucket: str
    prefix: str
    after: str
    until: str | None


def split(client: "S3Client", scope: Scope) -> list[Range]:
    """Return ranges that together hold every key of `scope`, with folders as boundaries.

    The ranges of an entry are in order. Reads folders level by level, until there are enough or no
    more. The sizes of ranges may differ widely: S3 has no size of a folder. An entry that cannot be
    listed, as its bucket is gone or forbidden, is one range, so that only its comparison fails.
    Raises botocore's BotoCoreError when S3 does not answer.
    """
    share = len(scope.entries) or 1
    return [
        each
        for entry in scope.entries
        for each in _split(client, entry, max(MAX_RANGES // share, 1), _MAX_CALLS // share)
    ]


def following(ranges: list[Range], after: str) -> list[Range]:
    """Return what of `ranges` has keys greater than `after`."""
    return [
        {**each, "after": max(each["after"], after)}
        for each in ranges
        if each["until"] is None or each["until"] > after
    ]


def _split(client: "S3Client", entry: Entry, most: int, calls: int) -> list[Range]:
    boundaries: set[str] = set()
    folders = deque([entry.prefix])
    for _ in range(calls if most > 1 else 0):
        if not folders or len(boundaries) >= most:
            break
        try:
            page = client.list_objects_v2(
                Bucket=entry.bucket, Prefix=folders.popleft(), Delimiter="/"
            )
        except ClientError:
            _log.warning("folders of %s could not be listed", entry.bucket, exc_info=True)
            break
        subfolders = [folder["Prefix"] for folder in page.get("CommonPrefixes", [])]
        boundaries.update(folder[:_MAX_LENGTH] for folder in subfolders)
        folders.extend(subfolders)
    every = -(-len(boundaries) // max(most - 1, 1)) or 1
    cuts = sorted(boundaries)[every - 1 :: every]
    return [
        {"bucket": entry.bucket, "prefix": entry.prefix, "after": after, "until": until}
        for after, until in zip(["", *cuts], [*cuts, None], strict=True)
    ]
