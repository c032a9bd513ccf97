"""The environment variables of `event_switch`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class EventSwitchEnvironment(Environment):
    """Where the buckets are: partition, region and account of AWS."""

    bucket_partition: str
    bucket_region: str
    bucket_account: str
