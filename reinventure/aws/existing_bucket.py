"""An existing bucket as S3 describes it, before it is attached."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reinventure.aws import permission
from reinventure.aws.connection import config
from reinventure.aws.notification_entry import NotificationEntry
from reinventure.errors import UserError
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.notification_document import NotificationDocument
from s3_catalog.exceptions import MalformedError

if TYPE_CHECKING:
    import boto3
    from types_boto3_s3 import S3Client

_AWS_MANAGED_KEY = "alias/aws/s3"
"""Every principal of its account that may read an object may also decrypt it."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How S3 encrypts new objects of a bucket by default.

    `algorithm` is S3's name, such as `AES256` or `aws:kms`; empty if the bucket has no default.
    `key` is the id, alias or ARN of a customer managed key; None for keys of AWS.
    """

    algorithm: str
    key: str | None


@dataclass(frozen=True, slots=True)
class ExistingBucket:
    """The bucket `name`. `versioning` is S3's status; None if it was never enabled.

    `notifications` is its notification configuration, byte by byte.
    """

    name: str
    region: str
    versioning: str | None
    encryption: Encryption
    notifications: NotificationDocument

    @property
    def entries(self) -> list[NotificationEntry]:
        """The entries of its notification configuration, without the EventBridge switch."""
        return [NotificationEntry.of(element) for element in self.notifications.entries]


def existing_bucket(
    session: "boto3.Session", name: str, *, account: str, region: str
) -> ExistingBucket:
    """Return the bucket `name` of this `account` and `region`.

    Raises UserError if there is none, or it belongs to another account or region, for a permission
    that is missing, and for a notification configuration that is none; botocore's ClientError or
    BotoCoreError.
    """
    url = f"s3://{name}"
    # A client for these alone: it returns raw bodies.
    notifications = BucketNotifications(session.client("s3", config=config()), account)
    client = session.client("s3", config=config())
    found = _region(client, notifications, name, account)
    if found != region:
        raise UserError(
            f"{url} is in {found} and the catalog in {region}: S3 sends events within a region, so "
            "attach it to a catalog of its own region"
        )
    with permission.needed("s3:GetBucketVersioning", url):
        versioning = client.get_bucket_versioning(Bucket=name, ExpectedBucketOwner=account)
    with permission.needed("s3:GetEncryptionConfiguration", url):
        encryption = _encryption(client, name, account)
    with permission.needed("s3:GetBucketNotification", url):
        try:
            document = notifications.read(name)
        except MalformedError as error:
            raise UserError(f"{url}: {error}") from None
    return ExistingBucket(name, found, versioning.get("Status"), encryption, document)


def _region(client: "S3Client", notifications: BucketNotifications, name: str, account: str) -> str:
    try:
        return notifications.region(name)
    except ClientError as error:
        if error.response["Error"].get("Code") == "NoSuchBucket":
            raise UserError(f"there is no bucket s3://{name}") from None
        if not permission.refused(error):
            raise
    # S3 answers the same for a bucket of another account.
    other = f"s3://{name} is a bucket of another account than {account}, that of the catalog"
    missing = f"s3:GetBucketLocation on s3://{name} is not allowed: you need this permission"
    try:
        pages = client.get_paginator("list_buckets").paginate(Prefix=name)
        owned = any(bucket["Name"] == name for page in pages for bucket in page["Buckets"])
    except ClientError as error:
        if not permission.refused(error):
            raise
        raise UserError(f"{other}, or {missing}") from None
    raise UserError(missing if owned else other)


def _encryption(client: "S3Client", name: str, account: str) -> Encryption:
    try:
        answer = client.get_bucket_encryption(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        # Of buckets from before 2023, whose new objects S3 encrypts all the same.
        if error.response["Error"].get("Code") != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return Encryption("", None)
    default = answer["ServerSideEncryptionConfiguration"]["Rules"][0].get(
        "ApplyServerSideEncryptionByDefault"
    )
    if not default:
        return Encryption("", None)
    key = default.get("KMSMasterKeyID")
    managed = key is None or key.endswith(_AWS_MANAGED_KEY)
    return Encryption(default["SSEAlgorithm"], None if managed else key)
