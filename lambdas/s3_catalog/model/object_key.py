"""Object keys: decoded from events, checked, and mapped to partitions of the table."""

from hashlib import blake2b
from urllib.parse import unquote_plus

MAX_BYTES = 1024
"""S3's limit for a key in UTF-8. DynamoDB's limit for a sort key is the same: the key fits."""


def decode(encoded: str) -> str:
    """Return the object key that is URL-encoded in an S3 notification.

    S3 encodes a space as `+`, everything else as in a query string. Decode each key exactly once:
    a key may itself contain `%20`.

    Raises ValueError when S3 allows no such key (see `check`).
    """
    try:
        return check(unquote_plus(encoded, errors="strict"))
    except UnicodeDecodeError as error:
        raise ValueError(f"key {encoded[:64]!r} is not UTF-8: {error.reason}") from error


def check(key: str) -> str:
    """Return `key` if S3 allows it: valid Unicode, 1 to `MAX_BYTES` bytes of UTF-8.

    Raises ValueError otherwise; the message has the reason.
    """
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"key {key[:64]!r} is not valid Unicode: {error.reason}") from error
    if not 1 <= length <= MAX_BYTES:
        raise ValueError(f"key has {length} bytes, S3 allows 1 to {MAX_BYTES}")
    return key


def partition(bucket: str, key: str, shards: int) -> str:
    """Return the partition key of the row for `key`: one of `partitions(bucket, shards)`.

    A hash of the whole key chooses the shard, so the writes of one hot prefix spread over all
    shards. BLAKE2 rather than a checksum: keys that differ in a few digits must spread, too.
    """
    digest = blake2b(key.encode(), digest_size=8).digest()
    return _partition(bucket, int.from_bytes(digest, "big") % shards, shards)


def partitions(bucket: str, shards: int) -> list[str]:
    """Return every partition key that rows of `bucket` can have, in shard order."""
    return [_partition(bucket, shard, shards) for shard in range(shards)]


def _partition(bucket: str, shard: int, shards: int) -> str:
    # The number of shards is part of the partition key, so a new number never mixes rows placed by
    # the old one with its own. Bucket names cannot contain "#".
    return f"{bucket}#{shards}#{shard}"
