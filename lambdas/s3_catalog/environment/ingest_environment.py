"""The environment variables of `ingest`."""

from dataclasses import dataclass

from s3_catalog.environment.scope_variables import ScopeVariables


@dataclass(frozen=True)
class IngestEnvironment(ScopeVariables):
    """The catalog's table, its number of shards, and its scope."""

    table_name: str
    shards: int
