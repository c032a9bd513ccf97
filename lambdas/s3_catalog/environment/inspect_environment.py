"""The environment variables of `inspect`."""

from dataclasses import dataclass

from s3_catalog.environment.scope_variables import ScopeVariables


@dataclass(frozen=True)
class InspectEnvironment(ScopeVariables):
    """The catalog's scope, its table, and its number of shards.

    `most_mib` is the size of the largest object to inspect, in MiB; larger ones are the worker's.
    """

    table_name: str
    shards: int
    most_mib: int
