"""The environment variables of `totals`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class TotalsEnvironment(Environment):
    """The table of totals, the `shards` of each counter, and how many levels of folders count.

    `only_shard` is the name of the stream's shard where events do not name it, because there is
    only one: on the local cloud.
    """

    totals_table_name: str
    shards: int
    totals_depth: int
    only_shard: str | None = None
