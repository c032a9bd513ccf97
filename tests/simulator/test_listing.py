"""Listing a bucket on the model of S3, because moto does not skip the versions of a key."""

from collections import Counter
from datetime import timedelta

from s3_catalog.s3.bucket import Bucket
from tests.simulator.clock import Clock
from tests.simulator.network import Network
from tests.simulator.s3 import PAGE, FakeS3
from tests.simulator.wire import s3_of


def test_superseded_versions_are_skipped() -> None:
    clock = Clock()
    s3 = FakeS3("b", Network(lambda *_: None, Counter()), clock, timedelta(), versioned=True)
    for key in ["a", *["busy"] * 20 * PAGE, *["gone"] * 20 * PAGE, "z"]:
        s3.put(key, "Put", 1, "e")
    s3.delete("gone", 0)
    bucket = Bucket(lambda: s3_of(s3), "b")
    listed = list(bucket.listing())
    assert [key for key, stored in listed if stored] == ["a", "busy", "z"]
    # One page ends in each of these two keys, and no other page.
    assert [key for key, stored in listed if not stored] == ["busy", "gone"]
