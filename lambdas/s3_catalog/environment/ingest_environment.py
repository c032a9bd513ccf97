"""The environment variables of `ingest`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class IngestEnvironment(Environment):
    """The catalog's table, its number of shards, and the bucket."""

    table_name: str
    shards: int
    bucket_name: str
