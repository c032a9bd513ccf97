"""What S3, as moto mocks it, lists of one key."""

from typing import TYPE_CHECKING
from uuid import uuid4

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
