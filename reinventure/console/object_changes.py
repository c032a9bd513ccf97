"""Changes of one object: to delete it, and to undo that in a versioned bucket."""

from typing import TYPE_CHECKING

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from s3_catalog.s3.bucket import Bucket

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MAX_MARKERS = 1_000
"""Delete markers that are removed to undelete an object: S3 lists as many versions at once."""


def require_in_scope(catalog: DeployedCatalog, bucket: str, key: str) -> None:
    """Raise UserError unless the catalog has the rows of `key`."""
    chosen = catalog.choose(bucket)
    if (bucket, key) not in catalog.scope:
        raise chosen.outside(key)


def delete(client: "S3Client", bucket: str, key: str) -> None:
    """Delete the object `key`. In a versioned bucket its versions stay, below a delete marker.

    Raises botocore's ClientError or BotoCoreError.
    """
    client.delete_object(Bucket=bucket, Key=key)


def undelete(client: "S3Client", bucket: str, key: str) -> None:
    """Remove the delete markers above the newest version of `key`, which is current then.

    Does nothing if a version is current. Raises UserError if there is no version, and botocore's
    ClientError or BotoCoreError.
    """
    stored = Bucket(lambda: client, bucket)
    versions = stored.versions(key, MAX_MARKERS)
    if all(each.size is None for each in versions):
        raise UserError(f"{key!r} cannot be undeleted: s3://{bucket} has no version of it")
    # Within a second, only the place of the latest is certain: each is asked for anew.
    for _ in versions:
        latest = stored.versions(key, MAX_MARKERS)[0]
        if latest.size is not None:
            return
        client.delete_object(Bucket=bucket, Key=key, VersionId=latest.version_id)
