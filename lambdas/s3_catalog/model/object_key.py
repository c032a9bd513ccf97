"""Object keys: how they travel in events, and which partition of the table holds them."""

from hashlib import blake2b
from urllib.parse import unquote_plus

MAX_BYTES = 1024
"""S3's limit for a key in UTF-8, and also DynamoDB's for a sort key: the key fits unchanged."""


def decode(encoded: str) -> str:
    """Return the object key that an S3 notification carries URL-encoded.

    S3 encodes a space as `+`, everything else as in a query string. Call it exactly once per
    event: a key may itself contain `%20`.

    Raises ValueError when the result is no possible S3 key (see `check`).
    """
    try:
        return check(unquote_plus(encoded, errors="strict"))
    except UnicodeDecodeError as error:
        raise ValueError(f"key {encoded[:64]!r} is not UTF-8: {error.reason}") from error


def check(key: str) -> str:
    """Return `key` if S3 could hold it: valid Unicode, 1 to `MAX_BYTES` bytes of UTF-8.

    Raises ValueError otherwise, naming what is wrong.
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

    A hash of the whole key chooses, so the writes of one hot prefix spread over all shards.
    BLAKE2 rather than a checksum: keys that differ in a few digits must not fall together.
    """
    digest = blake2b(key.encode(), digest_size=8).digest()
    return _partition(bucket, int.from_bytes(digest, "big") % shards, shards)


def partitions(bucket: str, shards: int) -> list[str]:
    """Return every partition key that rows of `bucket` can have, in shard order."""
    return [_partition(bucket, shard, shards) for shard in range(shards)]


def _partition(bucket: str, shard: int, shards: int) -> str:
    # The number of shards is part of the name: a table that is re-sharded never mixes rows
    # placed by the old number with rows placed by the new one. No bucket name contains "#".
    return f"{bucket}#{shards}#{shard}"
