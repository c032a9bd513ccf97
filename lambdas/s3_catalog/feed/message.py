"""What subscribers are told of a change, how ours read it, what they can filter by, its order.

docs/changes.md describes it for them, docs/change.schema.json exactly.
"""

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from s3_catalog.errors import UnreadableError
from s3_catalog.model import object_key

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import (
        MessageAttributeValueTypeDef,
        PublishBatchRequestEntryTypeDef,
    )

    from s3_catalog.model.change import Change, Kind
    from s3_catalog.model.row import Row

VERSION = "1"
"""Changes when a field changes its meaning or goes; fields may be added."""

_MEBIBYTE = 2**20
_DECIMALS = 10**5
"""SNS compares numbers up to a billion, with five decimals: bytes would end at 1 GB."""

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, and so neither SNS nor SQS; object keys may have it."""


def read(body: str, bucket: str) -> dict[str, Any]:
    """Return what the message `body` says, whose `key` is one that `bucket` can hold.

    Raises UnreadableError when it is not about an object of `bucket`.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("key"), str):
        raise UnreadableError("no change of the catalog: it names no key")
    if told.get("bucket") != bucket:
        raise UnreadableError(f"bucket {str(told.get('bucket'))[:200]!r} is not ours")
    try:
        object_key.check(told["key"])
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    return told


def entry(change: "Change", kind: "Kind", id: str) -> "PublishBatchRequestEntryTypeDef":
    """Return the entry `id` of a PublishBatch request that tells of `change`, which is of `kind`.

    Messages of one key form a group, which SNS keeps in order; the record's own id makes SNS
    deliver what is published again within five minutes only once.
    """
    return {
        "Id": id,
        "Message": json.dumps(message(change, kind)),
        "MessageAttributes": attributes(change, kind),
        "MessageGroupId": blake2b(change.key.encode(), digest_size=16).hexdigest(),
        "MessageDeduplicationId": change.id,
    }


def message(change: "Change", kind: "Kind") -> dict[str, object]:
    """Return what is said of `change`, which is of `kind`."""
    row = change.new or change.old
    if row is None:
        raise ValueError(f"change {change.id} has no row")
    return {
        "version": VERSION,
        "id": change.id,
        "kind": kind.value,
        "bucket": change.bucket,
        "key": change.key,
        "sequencer": row.sequencer,
        "asked_at": row.asked_at,
        "time": row.event_time,
        "event": row.event_name,
        "old": _state(change.old),
        "new": _state(change.new),
    }


def attributes(change: "Change", kind: "Kind") -> "dict[str, MessageAttributeValueTypeDef]":
    """Return what a subscription can filter by; what is not there is left out, as SNS demands.

    Five, where raw delivery to SQS takes ten.
    """
    folder, slash, name = change.key.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    texts = {
        "kind": kind.value,
        "key": filterable(change.key),
        "prefix": filterable(folder + slash),
        "suffix": filterable(dot + extension.lower()) if stem and extension else "",
    }
    told: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": value} for name, value in texts.items() if value
    }
    current = change.new
    if current and current.size is not None:
        told["size_mib"] = {"DataType": "Number", "StringValue": mebibytes(current.size)}
    return told


def filterable(text: str) -> str:
    """Return `text` with what SNS refuses in an attribute replaced by U+FFFD."""
    return _REFUSED.sub("\ufffd", text)


def mebibytes(size: int) -> str:
    """Return `size` (bytes) in MiB, rounded up to five decimals.

    Up, so that a filter for at most, or for more than, a whole number of MiB is exact.
    """
    units = -(-size * _DECIMALS // _MEBIBYTE)
    return f"{units // _DECIMALS}.{units % _DECIMALS:05d}"


def _state(row: "Row | None") -> dict[str, object] | None:
    if row is None or row.deleted:
        return None
    return {
        "size": row.size,
        "etag": row.etag,
        "version_id": row.version_id,
        "time": row.event_time,
    }
