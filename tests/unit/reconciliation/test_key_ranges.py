"""The ranges of a bucket's keys, and the requests that find their boundaries."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from s3_catalog.model import scope
from s3_catalog.reconciliation import key_ranges
from s3_catalog.reconciliation.key_ranges import following, split

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = scope.parse("bucket")
WHOLE = {"bucket": "bucket", "prefix": ""}


class Folders:
    """S3 with the given subfolders of each folder."""

    def __init__(self, subfolders: dict[str, list[str]]) -> None:
        self._subfolders = subfolders
        self.requests: list[dict[str, Any]] = []

    def list_objects_v2(self, **request: Any) -> Any:
        self.requests.append(request)
        found = self._subfolders.get(request["Prefix"])
        return {"CommonPrefixes": [{"Prefix": name} for name in found]} if found else {}


def cuts(s3: Any) -> list[str]:
    """The boundaries between the ranges of a bucket."""
    ranges = split(cast("S3Client", s3), BUCKET)
    assert ranges[0]["after"] == ""
    assert ranges[-1]["until"] is None
    assert [each["until"] for each in ranges[:-1]] == [each["after"] for each in ranges[1:]]
    return [each["after"] for each in ranges[1:]]


def test_folders_of_all_levels_are_boundaries() -> None:
    s3 = Folders({"": ["b/", "a/"], "a/": ["a/2/", "a/1/"]})
    assert split(cast("S3Client", s3), BUCKET) == [
        {**WHOLE, "after": "", "until": "a/"},
        {**WHOLE, "after": "a/", "until": "a/1/"},
        {**WHOLE, "after": "a/1/", "until": "a/2/"},
        {**WHOLE, "after": "a/2/", "until": "b/"},
        {**WHOLE, "after": "b/", "until": None},
    ]
    assert s3.requests == [
        {"Bucket": "bucket", "Prefix": folder, "Delimiter": "/"}
        for folder in ("", "b/", "a/", "a/2/", "a/1/")
    ]


def test_a_bucket_without_folders_is_one_range() -> None:
    assert split(cast("S3Client", Folders({})), BUCKET) == [{**WHOLE, "after": "", "until": None}]


@pytest.mark.parametrize(("folders", "read"), [(3, 4), (4, 1), (5, 1)])
def test_no_folder_is_read_once_there_are_enough(
    folders: int, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ranges, "MAX_RANGES", 4)
    s3 = Folders({"": [f"{n}/" for n in range(folders)]})
    cuts(s3)
    assert len(s3.requests) == read


@pytest.mark.parametrize(
    ("folders", "boundaries"),
    [
        (1, "0"),
        (3, "0 1 2"),
        (4, "1 3"),
        (6, "1 3 5"),
        (7, "2 5"),
        (9, "2 5 8"),
    ],
)
def test_boundaries_are_evenly_spaced_among_the_folders(
    folders: int, boundaries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ranges, "MAX_RANGES", 4)
    s3 = Folders({"": [str(n) for n in range(folders)]})
    assert cuts(s3) == boundaries.split()


def test_a_bucket_has_at_most_100_ranges() -> None:
    assert len(cuts(Folders({"": [f"{n:03}/" for n in range(99)]}))) == 99
    assert len(cuts(Folders({"": [f"{n:03}/" for n in range(100)]}))) == 50


def test_a_boundary_has_at_most_100_characters() -> None:
    assert cuts(Folders({"": ["x" * 100, "y" * 101]})) == ["x" * 100, "y" * 100]


class Nested(Folders):
    """S3 with one subfolder in each folder. All boundaries are the same when they are cut."""

    def list_objects_v2(self, **request: Any) -> Any:
        self.requests.append(request)
        return {"CommonPrefixes": [{"Prefix": request["Prefix"] + "x" * 100 + "/"}]}


def test_the_boundaries_of_a_bucket_take_at_most_200_requests() -> None:
    s3 = Nested({})
    assert cuts(s3) == ["x" * 100]
    assert len(s3.requests) == 200


def test_each_entry_of_a_scope_has_ranges_of_its_own() -> None:
    s3 = Folders({"": ["a/"], "2026/": ["2026/1/", "2026/2/"]})
    assert split(cast("S3Client", s3), scope.parse("logs/2026/,photos")) == [
        {"bucket": "logs", "prefix": "2026/", "after": "", "until": "2026/1/"},
        {"bucket": "logs", "prefix": "2026/", "after": "2026/1/", "until": "2026/2/"},
        {"bucket": "logs", "prefix": "2026/", "after": "2026/2/", "until": None},
        {"bucket": "photos", "prefix": "", "after": "", "until": "a/"},
        {"bucket": "photos", "prefix": "", "after": "a/", "until": None},
    ]


@pytest.mark.parametrize("entries", [1, 2, 3, 32, 100, 130])
def test_all_entries_together_have_at_most_100_ranges_and_200_requests(entries: int) -> None:
    s3 = Folders({"": [f"{n:03}/" for n in range(1000)]})
    ranges = split(cast("S3Client", s3), scope.parse(",".join(f"b{n:03}" for n in range(entries))))
    assert len({each["bucket"] for each in ranges}) == entries
    assert len(ranges) <= max(100, entries)
    assert len(s3.requests) <= 200


class OneIsGone(Folders):
    """S3 without the bucket `gone`."""

    def list_objects_v2(self, **request: Any) -> Any:
        if request["Bucket"] == "gone":
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectsV2")
        return super().list_objects_v2(**request)


def test_a_bucket_that_cannot_be_listed_is_one_range_and_stops_no_other() -> None:
    ranges = split(cast("S3Client", OneIsGone({"": ["a/"]})), scope.parse("gone,photos"))
    assert ranges == [
        {"bucket": "gone", "prefix": "", "after": "", "until": None},
        {"bucket": "photos", "prefix": "", "after": "", "until": "a/"},
        {"bucket": "photos", "prefix": "", "after": "a/", "until": None},
    ]


def test_what_follows_a_key_has_the_greater_keys_only() -> None:
    ranges = split(cast("S3Client", Folders({"": ["a/", "b/"]})), BUCKET)
    assert following(ranges, "") == ranges
    rest = {**WHOLE, "after": "b/", "until": None}
    assert following(ranges, "a/x") == [{**WHOLE, "after": "a/x", "until": "b/"}, rest]
    assert following(ranges, "b/") == [rest]
    assert following(ranges, "c") == [{**WHOLE, "after": "c", "until": None}]
