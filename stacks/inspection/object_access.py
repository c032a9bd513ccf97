"""What whoever looks inside objects is told, and may do: the same for the function and workers."""

from aws_cdk import aws_iam as iam

from ..catalog.catalog import Catalog
from ..constructs.keys import use_through


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
