"""A bucket model, and the notification configurations of the domain on top of it."""

import boto3
import pytest

from s3_catalog.attachment.bucket_notifications import BucketNotifications, one_attempt
from tests.unit.attachment.bucket_model import BucketModel


@pytest.fixture(scope="session")
def _model_and_notifications(aws: None) -> tuple[BucketModel, BucketNotifications]:
    client = boto3.client("s3", config=one_attempt())
    return BucketModel(client), BucketNotifications(client, "123456789012")


@pytest.fixture
def bucket_model(
    _model_and_notifications: tuple[BucketModel, BucketNotifications],
) -> BucketModel:
    model, _ = _model_and_notifications
    model.reset()
    return model


@pytest.fixture
def notifications(
    _model_and_notifications: tuple[BucketModel, BucketNotifications],
) -> BucketNotifications:
    return _model_and_notifications[1]
