"""The settings of the app, read from CDK context (`cdk.json`, or `-c name=value`) and checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import aws_cdk as cdk
from constructs import Node

from stacks import shift, source
from stacks.shift import Shift
from stacks.source import Source

MAX_SHARDS = 256
"""A listing asks every shard, so each one costs every listing a query."""

MAX_MINIMUM_SIZE = 5 * 10**9
"""The greatest number that EventBridge compares with, in bytes; it refuses a rule with more."""

MAX_TOTALS_DEPTH = 10
"""Every level is one more row that each change of an object writes."""

_T = TypeVar("_T")


class SettingError(ValueError):
    """A setting has a value that makes no sense. Names the setting, the value and the choice."""


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. `cdk.json` holds the defaults."""

    stage: str
    """`sandbox`: `cdk destroy` removes everything, objects too. `production`: data and keys are
    retained, and the stack and the table are protected from deletion."""

    shards: int
    """How many partitions the rows of the bucket are spread over, 1 to `MAX_SHARDS`. Each takes
    1,000 writes a second. Fixed for the life of a table (docs/design.md)."""

    transport: str
    """How S3 tells `ingest`: `lambda` (S3 invokes it), `sqs` (through a queue), `sns` (through a
    topic, which others may subscribe to, and a queue) or `eventbridge` (through a rule)."""

    minimum_size: int
    """Objects of fewer bytes are not catalogued; 0 to `MAX_MINIMUM_SIZE`. Only EventBridge can tell
    sizes, so only with the transport `eventbridge`. An object that is overwritten by one that is
    too small keeps its row until the next reconcile: no event tells."""

    reconcile: str
    """`nightly`: bucket and catalog are compared every night, and differences repaired. `off`:
    what the events say is all that the catalog knows."""

    kinesis: bool
    """Whether DynamoDB also copies every write to the table into a Kinesis data stream."""

    totals_depth: int
    """How many levels of folders are counted, 0 to `MAX_TOTALS_DEPTH`; 0 counts the bucket alone.
    After a change the totals begin at zero."""

    canary: Shift | None
    """How events are shifted to a new version of `ingest` (stacks/shift.py), or None: at once and
    without a trial."""

    source: Source
    """Where the pipeline takes commits from (stacks/source.py)."""

    portfolio_principal: str
    """The ARN of the role, user or group that may launch products of the portfolio, or nothing."""

    laptop: bool
    """Whether the templates are for the laptop cloud, which cannot do what AWS can: run the custom
    resource that empties the bucket on `cdk destroy` (it is left out), keep the failures of a
    published version (the alias `live` points to `$LATEST`, and nothing is shifted), name the shard
    that stream records are from (there is one alone, and `totals` is told so), and try a batch of
    them again from the one that failed (`publish` has the whole batch fail). It also asks for the
    right to `sns:PublishBatch`, which is part of `sns:Publish` in AWS."""

    @classmethod
    def from_context(cls, node: Node) -> "Settings":
        """Read every setting from the context of `node`.

        Raises SettingError for the first one that is missing or wrong.
        """
        transport = _read(node, "transport", _choice("lambda", "sqs", "sns", "eventbridge"))
        filters = transport == "eventbridge"
        return cls(
            stage=_read(node, "stage", _choice("sandbox", "production")),
            shards=_read(node, "shards", _whole_number(1, MAX_SHARDS)),
            transport=transport,
            minimum_size=_read(
                node, "minimum_size", _whole_number(0, MAX_MINIMUM_SIZE) if filters else _zero
            ),
            reconcile=_read(node, "reconcile", _choice("off", "nightly")),
            kinesis=_read(node, "kinesis", _switch),
            totals_depth=_read(node, "totals_depth", _whole_number(0, MAX_TOTALS_DEPTH)),
            canary=_read(node, "canary", shift.parse),
            source=_read(node, "source", source.parse),
            portfolio_principal=_read(node, "portfolio_principal", _principal),
            laptop=_read(node, "laptop", _switch),
        )

    def of_product(self) -> "Settings":
        """Return the settings of every product in a portfolio: data is retained, no extras."""
        return Settings(
            stage="production",
            shards=16,
            transport="lambda",
            minimum_size=0,
            reconcile="off",
            kinesis=False,
            totals_depth=3,
            canary=None,
            source=self.source,
            portfolio_principal="",
            laptop=self.laptop,
        )

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What happens to data when its stack is destroyed."""
        if self.stage == "production":
            return cdk.RemovalPolicy.RETAIN
        return cdk.RemovalPolicy.DESTROY


def _read(node: Node, name: str, parse: Callable[[str], _T]) -> _T:
    # cdk.json gives JSON values, the command line texts: both become the same text here.
    value = str(node.try_get_context(name))
    try:
        return parse(value)
    except ValueError as error:
        raise SettingError(
            f'setting {name}={value}: {error}. Set it in cdk.json under "context", '
            f"or with: cdk deploy -c {name}=..."
        ) from None


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return parse


def _zero(value: str) -> int:
    if value != "0":
        raise ValueError("must be 0, except with transport=eventbridge, which alone can tell sizes")
    return 0


def _principal(value: str) -> str:
    if value and not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|group)/\S+", value):
        raise ValueError("must be the ARN of a role, user or group, or empty")
    return value


def _switch(value: str) -> bool:
    return _choice("true", "false")(value.lower()) == "true"
