"""The environment variables of `pre_traffic`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class PreTrafficEnvironment(Environment):
    """The version of `ingest` to test, the catalog's table, its number of shards, and its key."""

    version_arn: str
    table_name: str
    shards: int
    key_arn: str
