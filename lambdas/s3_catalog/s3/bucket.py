"""Asking S3 what a bucket holds.

Every question is answered by listing versions. That takes `s3:ListBucketVersions`, a right that
cannot read contents; HEAD would take `s3:GetObject`, which can.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from s3_catalog.model.stored_object import StoredObject, Version
from s3_catalog.model.timestamps import utc_now

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        ListObjectVersionsRequestTypeDef,
        ObjectVersionTypeDef,
    )


class Bucket:
    """The bucket `name`, to ask. `client` makes the client once it is needed."""

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

        S3 lists keys in order and the versions of a key newest first, delete markers included, so
        the first entry under the prefix `key` is the answer, or about another key. Listings are
        strongly consistent. Raises botocore's ClientError or BotoCoreError when S3 does not
        answer.
        """
        asked_at = self.clock()
        page = self._client().list_object_versions(Bucket=self.name, Prefix=key, MaxKeys=1)
        for version in page.get("Versions", []):
            if version["Key"] == key and version["IsLatest"]:
                return _stored(version, asked_at)
        return None

    def versions(self, key: str, most: int) -> list[Version]:
        """Return the versions and delete markers of `key`, newest first, not more than `most`.

        They head the listing under the prefix `key`, so one request is enough for up to 1,000. The
        size of an object does not matter. Raises botocore's ClientError or BotoCoreError when S3
        does not answer.
        """
        page = self._client().list_object_versions(Bucket=self.name, Prefix=key, MaxKeys=most)
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
        # boto3 parts what S3 lists in one order. S3 tells the time in whole seconds: within one,
        # only the place of the latest among the two kinds is certain.
        return sorted(found, key=lambda version: (version.latest, version.modified), reverse=True)

    def listing(
        self, *, prefix: str = "", after: str = "", until: str | None = None
    ) -> Iterator[tuple[str, StoredObject | None]]:
        """Yield the key of every object under `prefix`, and the object, in S3's order.

        That is the order of the keys' UTF-8 bytes. Only keys greater than `after` and, if it is
        given, not greater than `until`. A thousand versions a request; where a page ends, the key
        that it ends at comes with None, whether or not it came with an object: there may be none
        for many pages, when all there are versions of a key or deleted.

        Raises botocore's ClientError or BotoCoreError when the bucket cannot be listed.
        """
        request: ListObjectVersionsRequestTypeDef = {"Bucket": self.name, "Prefix": prefix}
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
            # S3 lists the versions of a key newest first: what is left of this one is superseded,
            # however much it is, and is passed over by naming no version to go on from.
            last = page["NextKeyMarker"]
            if last == request.get("KeyMarker"):
                # It was not passed over, which AWS nowhere promises: then by versions.
                request["VersionIdMarker"] = page["NextVersionIdMarker"]
            else:
                request.pop("VersionIdMarker", None)
            request["KeyMarker"] = last
            yield last, None


def _stored(version: "ObjectVersionTypeDef", asked_at: datetime) -> StoredObject:
    version_id = version["VersionId"]
    return StoredObject(
        key=version["Key"],
        size=version["Size"],
        etag=version["ETag"].strip('"'),
        version_id=None if version_id == "null" else version_id,
        modified=version["LastModified"],
        asked_at=asked_at,
    )
