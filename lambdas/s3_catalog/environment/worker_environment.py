"""The environment variables of the worker."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class WorkerEnvironment(Environment):
    """The bucket, the catalog's table, its number of shards, and the queue of large objects.

    botocore reads `aws_default_region`: ECS, unlike Lambda, does not set it. `tmpdir` is the folder
    to read ahead into.
    """

    bucket_name: str
    table_name: str
    shards: int
    queue_url: str
    aws_default_region: str
    tmpdir: str
