"""The environment variables of `inspect`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class InspectEnvironment(Environment):
    """The bucket, the catalog's table, and its number of shards.

    `most_mib` is the size of the largest object to inspect, in MiB; larger ones are the worker's.
    """

    bucket_name: str
    table_name: str
    shards: int
    most_mib: int
