"""Changes in a bucket, and S3's two formats for their events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

LIFECYCLE = "s3.amazonaws.com"
"""The requester of what lifecycle rules do."""

DIGITS = 40
"""More than any sequencer has."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One change in a bucket.

    `order` is a hexadecimal fraction that grows with every change; of an upload it is from the
    start, and it is None in an event without a place in the order. Such an event may bear another
    `sequencer`, or none. `happened` is the true time, `stamp` the time of the event. `size` and
    `etag` are None in a removal.
    """

    bucket: str
    name: str
    key: str
    order: str | None
    sequencer: str | None
    happened: datetime
    stamp: datetime
    version_id: str | None = None
    size: int | None = None
    etag: str | None = None
    requester: str | None = None

    @property
    def followed(self) -> bool:
        """Whether it is about an object or how it is stored: the catalog ignores all others."""
        return not self.name.startswith("ObjectTagging:")

    @property
    def upload(self) -> bool:
        """Whether it is the end of a multipart upload."""
        return self.name == "ObjectCreated:CompleteMultipartUpload"


def rank(order: str) -> int:
    """Return a number that orders sequencers as S3 documents it."""
    return int(order.ljust(DIGITS, "0"), 16)


def record(happening: Happening, spelling: int) -> dict[str, Any]:
    """Return the record of an event notification, in one of S3's possible spellings."""
    details = _object(happening, spelling, "eTag", "versionId")
    details["key"] = quote_plus(happening.key, safe="/")
    name = happening.name
    by = happening.requester
    return {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": happening.stamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "eventName": name,
        "userIdentity": {"principalId": by and f"AWS:{by}"},
        "requestParameters": {"sourceIPAddress": source_ip(by)},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "simulated"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "simulated",
            "bucket": {
                "name": happening.bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{happening.bucket}",
            },
            "object": details,
        },
    }


_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETIONS = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}
_RESTORES = {"Post": "Initiated", "Completed": "Completed", "Delete": "Expired"}


def source_ip(requester: str | None) -> str | None:
    """Return the address of `requester`; S3 has its name."""
    return requester if requester in {None, LIFECYCLE} else f"192.0.2.{len(requester)}"


def event(happening: Happening, spelling: int) -> dict[str, Any]:
    """Return the event of EventBridge, in one of S3's possible spellings."""
    family, _, kind = happening.name.partition(":")
    details = _object(happening, spelling, "etag", "version-id")
    details["key"] = happening.key
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": happening.bucket},
        "object": details,
        "request-id": "C3D13FE58DE4C810",
        "requester": happening.requester,
        "source-ip-address": source_ip(happening.requester),
    }
    if family == "ObjectCreated":
        title = "Object Created"
        detail["reason"] = _REASONS[kind]
    elif family in {"ObjectRemoved", "LifecycleExpiration"}:
        title = "Object Deleted"
        expired = family == "LifecycleExpiration"
        detail["reason"] = "Lifecycle Expiration" if expired else "DeleteObject"
        detail["deletion-type"] = _DELETIONS[kind]
    elif family == "ObjectRestore":
        title = f"Object Restore {_RESTORES[kind]}"
    elif family == "LifecycleTransition":
        title = "Object Storage Class Changed"
    else:
        title = "Object Tags Added"
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": title,
        "source": "aws.s3",
        "account": "111122223333",
        "time": happening.stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{happening.bucket}"],
        "detail": detail,
    }


def _object(happening: Happening, spelling: int, etag: str, version_id: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if happening.size is not None:
        details["size"] = happening.size
        details[etag] = happening.etag
    # The version without an id of its own is "null" in some events, and left out in others.
    if happening.version_id is not None and (happening.version_id != "null" or spelling % 2):
        details[version_id] = happening.version_id
    if happening.sequencer is not None:
        details["sequencer"] = _sequencer(happening.sequencer, spelling)
    return details


def _sequencer(order: str, spelling: int) -> str:
    """Return `order` with insignificant zeros, in lower, upper or mixed case."""
    padded = order + "0" * (spelling % 5)
    half = len(padded) // 2
    return (
        padded.upper(),
        padded.lower(),
        padded[:half].lower() + padded[half:].upper(),
    )[spelling % 3]
