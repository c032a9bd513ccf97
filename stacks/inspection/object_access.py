"""Permissions of content inspection, the same for the function and for the workers."""

from aws_cdk import aws_iam as iam

from ..catalog.catalog import Catalog
from ..constructs.keys import use_through


def permissions(catalog: Catalog) -> list[iam.PolicyStatement]:
    """Return the permissions to read an object and its row, and to update the row."""
    buckets = catalog.buckets
    return [
        iam.PolicyStatement(
            actions=["s3:GetObject", "s3:GetObjectVersion"], resources=buckets.object_arns()
        ),
        # Without s3:ListBucket, S3 answers 403 instead of 404 for an object that is gone. It checks
        # the permission without a prefix, so a condition on prefixes would refuse it.
        iam.PolicyStatement(
            actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=buckets.bucket_arns()
        ),
        use_through(catalog.keys.data, "s3", "kms:Decrypt"),
        *catalog.table.access_statements("dynamodb:GetItem", "dynamodb:UpdateItem"),
    ]
