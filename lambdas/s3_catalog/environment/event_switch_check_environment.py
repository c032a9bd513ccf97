"""The environment variables of `event_switch_check`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class EventSwitchCheckEnvironment(Environment):
    """The attached buckets, as the text of a scope, and the account that owns them."""

    buckets: str
    bucket_account: str
