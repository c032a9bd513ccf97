"""What whoever looks inside objects is told, and may do: the same for the function and workers."""

from aws_cdk import aws_iam as iam

from ..catalog.catalog import Catalog
from ..constructs.keys import use_through
from ..settings.settings import Settings


def environment(settings: Settings, catalog: Catalog) -> dict[str, str]:
    """Return the variables that name the bucket and the table of `catalog`."""
    return {
        "BUCKET_NAME": catalog.bucket.bucket.bucket_name,
        "TABLE_NAME": catalog.table.table.table_name,
        "SHARDS": str(settings.shards),
    }


def permissions(catalog: Catalog) -> list[iam.PolicyStatement]:
    """Return what it takes to read an object and its row, and to add to the row."""
    bucket = catalog.bucket.bucket
    return [
        iam.PolicyStatement(
            actions=["s3:GetObject", "s3:GetObjectVersion"], resources=[f"{bucket.bucket_arn}/*"]
        ),
        # To who may not list, S3 says of an object that is gone that it is forbidden.
        iam.PolicyStatement(
            actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=[bucket.bucket_arn]
        ),
        use_through(catalog.keys.data, "s3", "kms:Decrypt"),
        *catalog.table.access_statements("dynamodb:GetItem", "dynamodb:UpdateItem"),
    ]
