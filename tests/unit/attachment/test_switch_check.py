"""The hourly check names each bucket that sends no events."""

import pytest

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.switch_check import check_switches
from s3_catalog.exceptions import EventBridgeSwitchError
from tests.unit.attachment.bucket_model import SWITCH, BucketModel, document

BUCKETS = ["photos", "logs", "videos"]


def test_buckets_that_send_events_are_fine(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    bucket_model.content = document(SWITCH)
    check_switches(notifications, BUCKETS)
    assert [method for method, _ in bucket_model.requests] == ["GET"] * 3


def test_each_bucket_that_sends_none_is_named(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    bucket_model.content = document(SWITCH)
    bucket_model.faults = {0: 403}
    bucket_model.before[2] = [lambda: setattr(bucket_model, "content", document())]
    with pytest.raises(EventBridgeSwitchError) as failed:
        check_switches(notifications, BUCKETS)
    forbidden, off = str(failed.value).split("; ")
    assert forbidden.startswith("photos: An error occurred (Fault403)")
    assert off == "videos: EventBridge is off, so its changes are not catalogued"
