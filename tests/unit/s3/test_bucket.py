"""Versions of one key and listings of many, on moto and on stand-ins for S3."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from s3_catalog.model.stored_object import StoredObject, Version
from s3_catalog.s3.bucket import Bucket

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def test_versions_of_one_key_are_newest_first_and_of_no_other(s3: "S3Client") -> None:
    bucket = Bucket(lambda: s3, f"bucket-{uuid4()}")
    s3.create_bucket(Bucket=bucket.name)
    s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    for size in range(4):
        s3.put_object(Bucket=bucket.name, Key="key", Body=b"." * size)
    s3.delete_object(Bucket=bucket.name, Key="key")
    s3.put_object(Bucket=bucket.name, Key="key2", Body=b"another")
    s3.delete_object(Bucket=bucket.name, Key="key3")

    assert [(v.size, v.latest) for v in bucket.versions("key", 10)] == [
        (None, True),
        (3, False),
        (2, False),
        (1, False),
        (0, False),
    ]
    assert [v.size for v in bucket.versions("key", 3)] == [None, 3, 2]
    assert bucket.versions("ke", 10) == []


def test_a_bucket_without_versioning_has_one_version(s3: "S3Client") -> None:
    bucket = Bucket(lambda: s3, f"bucket-{uuid4()}")
    s3.create_bucket(Bucket=bucket.name)
    for body in (b"1", b"22"):
        s3.put_object(Bucket=bucket.name, Key="key", Body=body)
    [version] = bucket.versions("key", 10)
    assert (version.version_id, version.size, version.latest) == ("null", 2, True)


MODIFIED = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
MAX_REQUESTS = 20


class PagedS3:
    """S3 with the given versions, as `key` or `key:version`, in pages of two.

    `start` returns the position from which S3 lists for a request with a key marker alone: AWS
    skips the rest of that key, another implementation may not.
    """

    def __init__(self, names: str, start: Callable[[list[str], str], int]) -> None:
        self._versions = [name.split(":") for name in names.split()]
        self._start = start
        self.markers: list[tuple[str | None, str | None]] = []

    def list_object_versions(self, **request: Any) -> Any:
        key, version = request.get("KeyMarker"), request.get("VersionIdMarker")
        self.markers.append((key, version))
        assert len(self.markers) <= MAX_REQUESTS, "the listing does not end"
        start = 0
        if version:
            start = self._versions.index([str(key), version]) + 1
        elif key:
            start = self._start([each[0] for each in self._versions], key)
        page = self._versions[start : start + 2]
        reply = {
            "Versions": [
                {
                    "Key": each,
                    "VersionId": version_id,
                    "IsLatest": version_id == "1",
                    "Size": 1,
                    "ETag": '"e"',
                    "LastModified": MODIFIED,
                }
                for each, version_id in page
            ],
            "IsTruncated": start + 2 < len(self._versions),
        }
        if reply["IsTruncated"]:
            reply |= {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": page[-1][1]}
        return reply


def skip_key(keys: list[str], marker: str) -> int:
    """The first version of the next key, as AWS does."""
    return len(keys) - keys[::-1].index(marker)


def repeat_key(keys: list[str], marker: str) -> int:
    """The first version of the marker's own key."""
    return keys.index(marker)


VERSIONS = "a:1 b:1 b:2 b:3 b:4 b:5 c:1 d:1"


def listed(s3: PagedS3) -> list[str]:
    bucket = Bucket(lambda: cast("S3Client", s3), "bucket")
    return [key for key, stored in bucket.listing() if stored]


def test_a_listing_skips_the_old_versions_of_a_key() -> None:
    s3 = PagedS3(VERSIONS, skip_key)
    assert listed(s3) == ["a", "b", "c", "d"]
    assert s3.markers == [(None, None), ("b", None)]


def test_a_listing_ends_where_s3_repeats_the_key_marker() -> None:
    s3 = PagedS3(VERSIONS, repeat_key)
    keys = listed(s3)
    assert sorted(set(keys)) == ["a", "b", "c", "d"]
    assert keys == sorted(keys)
    assert ("b", "2") in s3.markers
    assert ("b", "4") in s3.markers


def test_a_version_marker_is_of_its_own_key_only() -> None:
    s3 = PagedS3("a:1 a:2 a:3 b:1 b:2 b:3 c:1", repeat_key)
    assert sorted(set(listed(s3))) == ["a", "b", "c"]
    first_of_b = next(version for key, version in s3.markers if key == "b")
    assert first_of_b is None


@pytest.mark.parametrize("start", [skip_key, repeat_key])
def test_a_page_ends_with_its_last_key_alone(start: Callable[[list[str], str], int]) -> None:
    bucket = Bucket(lambda: cast("S3Client", PagedS3(VERSIONS, start)), "bucket")
    ends = [key for key, stored in bucket.listing() if stored is None]
    assert ends[0] == "b"
    assert ends == sorted(ends)


class OnePage:
    """S3 with one page as the reply to all requests."""

    def __init__(self, **page: Any) -> None:
        self._page = page
        self.requests: list[dict[str, Any]] = []

    def list_object_versions(self, **request: Any) -> Any:
        self.requests.append(dict(request))
        return self._page

    def bucket(self) -> Bucket:
        return Bucket(lambda: cast("S3Client", self), "bucket", lambda: ASKED_AT)


ASKED_AT = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
VERSION = {
    "Key": "key",
    "VersionId": "v3",
    "IsLatest": True,
    "Size": 7,
    "ETag": '"XeX"',
    "LastModified": MODIFIED,
}
CURRENT = StoredObject("key", 7, "XeX", "v3", modified=MODIFIED, asked_at=ASKED_AT)


def test_the_current_version_takes_a_request_of_one_entry() -> None:
    s3 = OnePage(Versions=[VERSION])
    assert s3.bucket().current("key") == CURRENT
    assert s3.requests == [
        {
            "Bucket": "bucket",
            "Prefix": "key",
            "MaxKeys": 1,
            "OptionalObjectAttributes": ["RestoreStatus"],
        }
    ]


EXPIRY = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ({"StorageClass": "STANDARD"}, {}),
        ({"StorageClass": "GLACIER"}, {"storage_class": "GLACIER"}),
        ({"StorageClass": "X" * 99}, {"storage_class": "X" * 32}),
        ({"ChecksumAlgorithm": ["CRC64NVME"]}, {"checksum_algorithm": "CRC64NVME"}),
        ({"RestoreStatus": {"IsRestoreInProgress": True}}, {"restore": "IN_PROGRESS"}),
        ({"RestoreStatus": {"IsRestoreInProgress": False}}, {}),
        (
            {"RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": EXPIRY}},
            {"restore": "2031-01-01T00:00:00.000Z"},
        ),
    ],
)
def test_class_checksum_and_restore_are_those_of_the_listing(
    listed: dict[str, Any], found: dict[str, Any]
) -> None:
    s3 = OnePage(Versions=[{**VERSION, **listed}])
    assert s3.bucket().current("key") == replace(CURRENT, **found)
    assert list(s3.bucket().listing()) == [("key", replace(CURRENT, **found))]


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"Versions": [{**VERSION, "Key": "key2"}]},
        {"Versions": [{**VERSION, "IsLatest": False}]},
        {"DeleteMarkers": [{"Key": "key", "VersionId": "v4", "IsLatest": True}]},
    ],
)
def test_another_key_and_a_superseded_version_are_not_current(page: dict[str, Any]) -> None:
    assert OnePage(**page).bucket().current("key") is None


def test_the_version_id_null_is_none_in_an_object_and_stays_in_a_version() -> None:
    bucket = OnePage(Versions=[{**VERSION, "VersionId": "null"}]).bucket()
    assert bucket.current("key") == replace(CURRENT, version_id=None)
    assert [version.version_id for version in bucket.versions("key", 1)] == ["null"]


def test_versions_have_the_fields_of_s3_and_delete_markers_no_content() -> None:
    older, oldest = MODIFIED - timedelta(seconds=1), MODIFIED - timedelta(seconds=2)
    s3 = OnePage(
        Versions=[
            {**VERSION, "VersionId": "v1", "IsLatest": False, "LastModified": oldest, "Size": 5},
            VERSION,
            {**VERSION, "Key": "key2"},
        ],
        DeleteMarkers=[
            {"Key": "key", "VersionId": "v2", "IsLatest": False, "LastModified": older},
            {"Key": "key2", "VersionId": "v9", "IsLatest": True, "LastModified": older},
        ],
    )
    assert s3.bucket().versions("key", 9) == [
        Version("v3", MODIFIED, 7, "XeX", latest=True),
        Version("v2", older, None, None, latest=False),
        Version("v1", oldest, 5, "XeX", latest=False),
    ]
    assert s3.requests == [{"Bucket": "bucket", "Prefix": "key", "MaxKeys": 9}]


def test_of_two_versions_in_one_second_the_latest_comes_first() -> None:
    marker = {"Key": "key", "VersionId": "v4", "IsLatest": True, "LastModified": MODIFIED}
    s3 = OnePage(Versions=[{**VERSION, "IsLatest": False}], DeleteMarkers=[marker])
    assert [version.version_id for version in s3.bucket().versions("key", 9)] == ["v4", "v3"]


def test_a_key_with_a_delete_marker_alone_has_one_version() -> None:
    marker = {"Key": "key", "VersionId": "v4", "IsLatest": True, "LastModified": MODIFIED}
    versions = OnePage(DeleteMarkers=[marker]).bucket().versions("key", 9)
    assert versions == [Version("v4", MODIFIED, None, None, latest=True)]


def test_a_listing_is_of_the_whole_bucket_unless_it_has_limits() -> None:
    s3 = OnePage(Versions=[VERSION], IsTruncated=False)
    assert list(s3.bucket().listing()) == [("key", CURRENT)]
    assert list(s3.bucket().listing(prefix="k", after="ka")) == [("key", CURRENT)]
    assert s3.requests == [
        {"Bucket": "bucket", "Prefix": "", "OptionalObjectAttributes": ["RestoreStatus"]},
        {
            "Bucket": "bucket",
            "Prefix": "k",
            "KeyMarker": "ka",
            "OptionalObjectAttributes": ["RestoreStatus"],
        },
    ]


def test_a_listing_ends_with_its_last_key() -> None:
    keys = ("a", "b", "c")
    s3 = OnePage(Versions=[{**VERSION, "Key": key} for key in keys], IsTruncated=False)
    assert [key for key, _ in s3.bucket().listing(until="b")] == ["a", "b"]
    assert [key for key, _ in s3.bucket().listing(until="")] == []


def test_an_empty_bucket_has_an_empty_listing() -> None:
    assert list(OnePage(IsTruncated=False).bucket().listing()) == []


def test_the_client_is_created_once_with_the_first_request() -> None:
    created: list[OnePage] = []

    def create() -> "S3Client":
        created.append(OnePage())
        return cast("S3Client", created[-1])

    bucket = Bucket(create, "bucket")
    assert created == []
    bucket.current("key")
    bucket.versions("key", 1)
    assert len(created) == 1
