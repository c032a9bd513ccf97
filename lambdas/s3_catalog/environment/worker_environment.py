"""The environment variables of the worker."""

from dataclasses import dataclass

from s3_catalog.environment.scope_variables import ScopeVariables


@dataclass(frozen=True)
class WorkerEnvironment(ScopeVariables):
    """The catalog's scope, its table, its number of shards, and the queue of large objects.

    botocore reads `aws_default_region`: ECS, unlike Lambda, does not set it. `tmpdir` is the folder
    to read ahead into.
    """

    table_name: str
    shards: int
    queue_url: str
    aws_default_region: str
    tmpdir: str
