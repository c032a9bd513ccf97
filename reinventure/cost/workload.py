"""What is to be priced: how much changes in a month, how, and which options are on."""

from dataclasses import dataclass
from enum import StrEnum


class Rate(StrEnum):
    """How changes come. It decides how many there are in a batch."""

    TRICKLE = "trickle"
    """One a second: each is alone in its batch, but those of totals. The most expensive."""

    STEADY = "steady"
    """40 a second."""

    BURST = "burst"
    """400 a second."""

    @property
    def per_second(self) -> int:
        """Changes in a second in which there are changes."""
        return {Rate.TRICKLE: 1, Rate.STEADY: 40, Rate.BURST: 400}[self]


class Option(StrEnum):
    """What the settings of `cdk.json` add to a catalog of one bucket of its own."""

    SQS = "sqs"
    """transport=sqs"""
    SNS = "sns"
    """transport=sns"""
    EVENTBRIDGE = "eventbridge"
    """transport=eventbridge"""
    ATTACHED = "attached"
    """An existing bucket instead, by the setting buckets. It has its own lifecycle rules."""
    NIGHTLY = "nightly"
    """reconcile=nightly"""
    SQL = "sql"
    """sql=true"""
    WORKERS = "workers"
    """workers=true, with small objects only"""
    KINESIS = "kinesis"
    """kinesis=true"""
    TRACING = "tracing"
    """tracing=true"""
    DASHBOARD = "dashboard"
    """dashboard=true"""
    GOVERNANCE = "governance"
    """trail=create: the AUDIT key. The account's first trail is free."""
    DELIVERY = "delivery"
    """The stack Delivery, without runs of its pipeline"""


TRANSPORTS = frozenset({Option.SQS, Option.SNS, Option.EVENTBRIDGE, Option.ATTACHED})
"""At most one of these; without one, S3 invokes the function directly."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A month: `changes`, of which the share `overwrites` (0 to 1) replaces an object.

    The others are new objects. `objects` is the number of rows that the catalog has. Raises
    ValueError for more than one of `TRANSPORTS`.
    """

    changes: int
    objects: int
    rate: Rate
    overwrites: float
    options: frozenset[Option] = frozenset()

    def __post_init__(self) -> None:
        if len(self.options & TRANSPORTS) > 1:
            names = ", ".join(sorted(self.options & TRANSPORTS))
            raise ValueError(f"choose one of {names}: a bucket has one transport")

    def has(self, *options: Option) -> bool:
        """Return whether one of `options` is on."""
        return bool(self.options & set(options))
