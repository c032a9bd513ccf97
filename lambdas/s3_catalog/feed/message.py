"""The messages of the change feed: their content, attributes to filter by, and order.

docs/changes.md describes them for subscribers; docs/change.schema.json is their schema.
"""

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from s3_catalog.exceptions import OutOfScopeError, UnreadableError
from s3_catalog.model import object_key

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import (
        MessageAttributeValueTypeDef,
        PublishBatchRequestEntryTypeDef,
    )

    from s3_catalog.model.change import Change, Kind
    from s3_catalog.model.row import Row
    from s3_catalog.model.scope import Scope

VERSION = "1"
"""Changes when a field changes its meaning or is removed. New fields do not change it."""

_MEBIBYTE = 2**20
_DECIMALS = 10**5
"""SNS compares numbers up to a billion, with five decimals. In bytes, that limit would be 1 GB."""

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 excludes, and therefore SNS and SQS. Object keys may have them."""


def content(body: str) -> dict[str, Any]:
    """Return the content of the message `body`, of any bucket. Its `key` is a key that S3 allows.

    Raises UnreadableError when the message is not about a key.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("key"), str):
        raise UnreadableError("not a change of the catalog: it has no key")
    if not isinstance(found.get("bucket"), str):
        raise UnreadableError("not a change of the catalog: it has no bucket")
    try:
        object_key.check(found["key"])
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    return found


def read(body: str, scope: "Scope") -> dict[str, Any]:
    """Return the content of the message `body` about a key of `scope`.

    Raises OutOfScopeError when the message is about another key, and as `content` does.
    """
    found = content(body)
    if (found["bucket"], found["key"]) not in scope:
        place = f"s3://{found['bucket']}/{found['key']}"
        raise OutOfScopeError(f"the message is of {place[:200]!r}, which is not in the scope")
    return found


def entry(change: "Change", kind: "Kind", id: str) -> "PublishBatchRequestEntryTypeDef":
    """Return the entry `id` of a PublishBatch request for `change`, which is of `kind`.

    The messages of one key are a message group, which SNS keeps in order. The deduplication id is
    the stream record's: SNS delivers a duplicate within five minutes only once.
    """
    return {
        "Id": id,
        "Message": json.dumps(message(change, kind)),
        "MessageAttributes": attributes(change, kind),
        "MessageGroupId": blake2b(change.key.encode(), digest_size=16).hexdigest(),
        "MessageDeduplicationId": change.id,
    }


def message(change: "Change", kind: "Kind") -> dict[str, object]:
    """Return the content of the message for `change`, which is of `kind`."""
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
        "healed_at": row.healed_at,
        "time": row.event_time,
        "event": row.event_name,
        "requester": change.new.requester if change.new else None,
        "source_ip": change.new.source_ip if change.new else None,
        "changed": change.changed,
        "old": _state(change.old),
        "new": _state(change.new),
    }


def attributes(change: "Change", kind: "Kind") -> "dict[str, MessageAttributeValueTypeDef]":
    """Return the attributes that a subscription can filter by.

    SNS refuses empty values, so those are left out. There are at most six. Raw delivery to SQS
    allows ten: SNS discards a message with more.
    """
    folder, slash, name = change.key.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    texts = {
        "kind": kind.value,
        "bucket": change.bucket,
        "key": filterable(change.key),
        "prefix": filterable(folder + slash),
        "suffix": filterable(dot + extension.lower()) if stem and extension else "",
    }
    found: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": value} for name, value in texts.items() if value
    }
    current = change.new
    if current and current.size is not None:
        found["size_mib"] = {"DataType": "Number", "StringValue": mebibytes(current.size)}
    return found


def filterable(text: str) -> str:
    """Return `text` with U+FFFD in place of each character that SNS refuses in an attribute."""
    return _REFUSED.sub("\ufffd", text)


def mebibytes(size: int) -> str:
    """Return `size` (bytes) in MiB, rounded up to five decimals.

    Rounded up, a filter by a whole number of MiB (at most, or more than) is exact.
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
        "storage_class": row.storage_class,
        "restore": row.restore,
    }
