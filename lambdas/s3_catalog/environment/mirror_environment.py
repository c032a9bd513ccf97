"""The environment variables of `mirror`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class MirrorEnvironment(Environment):
    """The bucket, the Aurora cluster, and the secrets of the database's owner and of its reader.

    botocore reads `aws_endpoint_url_rds_data`, the URL of a stand-in for the Data API.
    """

    bucket_name: str
    cluster_arn: str
    secret_arn: str
    reader_secret_arn: str
    aws_endpoint_url_rds_data: str | None = None
