"""The environment variables of `mirror`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class MirrorEnvironment(Environment):
    """The Aurora cluster, and the secrets of the database's owner and of its reader.

    `bucket_name` is the bucket of its own, None if there is none: rows from before there were other
    buckets are of that one. botocore reads `aws_endpoint_url_rds_data`, the URL of a stand-in for
    the Data API.
    """

    cluster_arn: str
    secret_arn: str
    reader_secret_arn: str
    bucket_name: str | None = None
    aws_endpoint_url_rds_data: str | None = None
