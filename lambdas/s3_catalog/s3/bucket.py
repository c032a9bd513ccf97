"""The objects of a bucket, and their versions, as S3 lists them.

Every request is ListObjectVersions. Its permission, `s3:ListBucketVersions`, does not allow to read
content; that of a HEAD request, `s3:GetObject`, does.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from s3_catalog.model.stored_object import IN_PROGRESS, STANDARD, StoredObject, Version
from s3_catalog.model.timestamps import timestamp, utc_now

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        ListObjectVersionsRequestTypeDef,
        ObjectVersionTypeDef,
        RestoreStatusTypeDef,
    )

_MAX_WORD = 32
"""Characters of a storage class or an algorithm in a row. The longest of today has 24."""

_OPTIONAL: list[Literal["RestoreStatus"]] = ["RestoreStatus"]
"""What S3 lists on request only. It takes no other permission."""


class Bucket:
    """The bucket `name`. `client` returns the client, and is called before the first request.

    `clock` returns the current time in UTC. Every method raises botocore's ClientError or
    BotoCoreError when S3 does not answer.
    """

    def __init__(
        self,
        client: "Callable[[], S3Client]",
        name: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = cache(client)
        self.name = name
        self.clock = clock

    def current(self, key: str) -> StoredObject | None:
        """Return the current version of `key`, or None if there is none.

        S3 lists keys in order and the versions of a key newest first, including delete markers. So
        the first entry under the prefix `key` is the current version, or of another key. Listings
        are strongly consistent.
        """
        asked_at = self.clock()
        page = self._client().list_object_versions(
            Bucket=self.name, Prefix=key, MaxKeys=1, OptionalObjectAttributes=_OPTIONAL
        )
        for version in page.get("Versions", []):
            if version["Key"] == key and version["IsLatest"]:
                return _stored(version, asked_at)
        return None

    def versions(self, key: str, limit: int) -> list[Version]:
        """Return at most `limit` versions and delete markers of `key`, newest first.

        They head the listing under the prefix `key`, so one request is enough for up to 1,000.
        """
        page = self._client().list_object_versions(Bucket=self.name, Prefix=key, MaxKeys=limit)
        found = [
            Version(
                v["VersionId"], v["LastModified"], v["Size"], v["ETag"].strip('"'), v["IsLatest"]
            )
            for v in page.get("Versions", [])
            if v["Key"] == key
        ] + [
            Version(marker["VersionId"], marker["LastModified"], None, None, marker["IsLatest"])
            for marker in page.get("DeleteMarkers", [])
            if marker["Key"] == key
        ]
        # botocore splits S3's one list into two. S3's times are whole seconds: within one, only the
        # place of the latest is certain.
        return sorted(found, key=lambda version: (version.latest, version.modified), reverse=True)

    def listing(
        self, *, prefix: str = "", after: str = "", until: str | None = None
    ) -> Iterator[tuple[str, StoredObject | None]]:
        """Yield the key and the current version of every object under `prefix`, in S3's order.

        That is the order of the keys' UTF-8 bytes. Only keys greater than `after` and, unless it is
        None, not greater than `until`. A request lists a thousand versions. At the end of a page
        comes its last key with None, whether or not it came with an object: many pages may have no
        object, only old versions and delete markers.
        """
        request: ListObjectVersionsRequestTypeDef = {
            "Bucket": self.name,
            "Prefix": prefix,
            "OptionalObjectAttributes": _OPTIONAL,
        }
        if after:
            request["KeyMarker"] = after
        while True:
            asked_at = self.clock()
            page = self._client().list_object_versions(**request)
            for version in page.get("Versions", []):
                if until is not None and version["Key"] > until:
                    return
                if version["IsLatest"]:
                    yield version["Key"], _stored(version, asked_at)
            if not page.get("IsTruncated"):
                return
            # S3 lists the versions of a key newest first, so the rest of this key is superseded.
            # Without a version marker, S3 skips it.
            last = page["NextKeyMarker"]
            if last == request.get("KeyMarker"):
                # S3 did not skip it (AWS does not document that it does): go on by versions.
                request["VersionIdMarker"] = page["NextVersionIdMarker"]
            else:
                request.pop("VersionIdMarker", None)
            request["KeyMarker"] = last
            yield last, None


def _stored(version: "ObjectVersionTypeDef", asked_at: datetime) -> StoredObject:
    version_id = version["VersionId"]
    storage_class = version.get("StorageClass", STANDARD)
    # One of each version; the API has a list.
    algorithm = ",".join(version.get("ChecksumAlgorithm", []))
    return StoredObject(
        key=version["Key"],
        size=version["Size"],
        etag=version["ETag"].strip('"'),
        version_id=None if version_id == "null" else version_id,
        modified=version["LastModified"],
        asked_at=asked_at,
        storage_class=None if storage_class == STANDARD else storage_class[:_MAX_WORD],
        checksum_algorithm=algorithm[:_MAX_WORD] or None,
        restore=_restore(version.get("RestoreStatus", {})),
    )


def _restore(status: "RestoreStatusTypeDef") -> str | None:
    if status.get("IsRestoreInProgress"):
        return IN_PROGRESS
    expiry = status.get("RestoreExpiryDate")
    return timestamp(expiry) if expiry else None
