"""The settings of the app, read from CDK context (`cdk.json`, or `-c name=value`) and checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TypeVar

import aws_cdk as cdk
from constructs import Node

from . import pipeline_source as source
from . import traffic_shift as shift
from . import worker_instance as instances
from .emulator_limits import AWS, MINISTACK, EmulatorLimits
from .pipeline_source import Source
from .traffic_shift import Shift

MAX_SHARDS = 256
"""A listing asks every shard, so each one costs every listing a query."""

ROTATION_DAYS = (90, 2560)
"""The shortest and the longest time that KMS lets pass between two rotations of a key, in days
(`RotationPeriodInDays` of EnableKeyRotation, KMS API reference)."""

MAX_TOTALS_DEPTH = 10
"""Every level is one more row that each change of an object writes."""

MAX_INSPECT_MIB = 64
"""The slowest content of this size takes a function most of the time that it has for an object."""

MAX_WORKERS = 100
"""Each is one processor. Above it, the quotas of a new account for instances are in the way."""

MAX_ACU = 256
"""The largest that Aurora grows to."""

MAX_READERS = 15
"""Of a cluster, besides the writer. CloudFormation finds out about a sixteenth at deployment."""

_OLD_LOCAL = "laptop"
"""The name of the setting `local` before 0.2."""

_REMOVED = {
    "minimum_size": (
        "was removed in 0.2, because a catalog without the small objects is not correct. Remove it "
        "from the context; a filter by prefix keeps a catalog correct, and comes in a later release"
    ),
}
"""What the error says of settings that no longer exist."""

_CDK_CONTEXT = frozenset(
    {
        "acknowledged-issue-numbers",
        "analyticsReporting",
        "cdk-migrate",
        "cli-telemetry",
        "tree",
        "versionReporting",
    }
)
"""Names in the context that are the CDK's own, without the `:`, `@` or `/` of most of them."""

_T = TypeVar("_T")


class SettingError(ValueError):
    """A setting has a value that makes no sense. Names the setting, the value and the choice."""


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. `cdk.json` holds the defaults."""

    stage: str
    """`sandbox`: `cdk destroy` removes everything, objects too. `production`: data and keys are
    retained, and the stack and the table are protected from deletion."""

    key_rotation_days: int
    """After how many days a customer key gets new material, within `ROTATION_DAYS`. What was
    encrypted before stays readable: KMS keeps the old material."""

    shards: int
    """How many partitions the rows of the bucket are spread over, 1 to `MAX_SHARDS`. Each takes
    1,000 writes a second. Fixed for the life of a table (docs/design.md)."""

    transport: str
    """How S3 tells `ingest`: `lambda` (S3 invokes it), `sqs` (through a queue), `sns` (through a
    topic, which others may subscribe to, and a queue) or `eventbridge` (through a rule)."""

    reconcile: str
    """`nightly`: bucket and catalog are compared every night, and differences repaired. `off`:
    what the events say is all that the catalog knows."""

    config: str
    """Who records what is deployed, for AWS Config to judge: `create` (this stack sets it up;
    an account has one recorder in a region), `existing` (the account has a recorder already) or
    `off` (nothing is judged). Needs the Governance stack, like `trail`."""

    trail: str
    """`create`: CloudTrail records every call of this account, each use of a key among them, into
    a locked bucket. `off`: what CloudTrail remembers by itself, for 90 days, is all there is."""

    kinesis: bool
    """Whether DynamoDB also copies every write to the table into a Kinesis data stream."""

    totals_depth: int
    """How many levels of folders are counted, 0 to `MAX_TOTALS_DEPTH`; 0 counts the bucket alone.
    After a change the totals begin at zero."""

    workers: bool
    """Whether objects are looked into (docs/inspection.md), by the stack Workers."""

    inspect_max_mib: int
    """Objects of up to so many MiB are looked into by a function, larger ones by workers; 1 to
    `MAX_INSPECT_MIB`."""

    worker_instance: str
    """The EC2 instance type of workers, one of `instances.INSTANCES`."""

    workers_max: int
    """How many workers there are at most, 1 to `MAX_WORKERS`. There are none when there is nothing
    to do."""

    ebs: str
    """The scratch volume of an instance, one of `instances.VOLUMES`."""

    sql: bool
    """Whether there is the stack Sql, a mirror of the catalog in Aurora (docs/sql.md)."""

    sql_max_acu: int
    """How large an instance of the mirror may grow, 1 to `MAX_ACU` Aurora capacity units, each with
    about 2 GiB of memory. Unused, it shrinks to none."""

    sql_readers: int
    """Instances of the mirror besides the one that is written to and that answers the Data API, 0
    to `MAX_READERS`. The first takes over when that one fails."""

    canary: Shift | None
    """How events are shifted to a new version of `ingest` (stacks/catalog/shift.py), or None: at
    once and without a trial."""

    source: Source
    """Where the pipeline takes commits from (stacks/delivery/source.py)."""

    portfolio_principal: str
    """The ARN of the role, user or group that may launch products of the portfolio, or nothing."""

    local: bool
    """Whether the templates are for the local cloud; `limits` says what changes in them."""

    @classmethod
    def from_context(cls, node: Node, region: str | None = None) -> "Settings":
        """Read every setting from the context of `node`; `region` is where to deploy, if known.

        Raises SettingError for the first name that is no setting, and for the first setting that is
        missing or wrong.
        """
        _check_names(node)
        workers = _read(node, "workers", _switch)
        instance = _read(node, "worker_instance", _instance(region if workers and region else None))
        return cls(
            stage=_read(node, "stage", _choice("sandbox", "production")),
            key_rotation_days=_read(node, "key_rotation_days", _whole_number(*ROTATION_DAYS)),
            shards=_read(node, "shards", _whole_number(1, MAX_SHARDS)),
            transport=_read(node, "transport", _choice("lambda", "sqs", "sns", "eventbridge")),
            reconcile=_read(node, "reconcile", _choice("off", "nightly")),
            config=_read(node, "config", _choice("off", "existing", "create")),
            trail=_read(node, "trail", _choice("off", "create")),
            kinesis=_read(node, "kinesis", _switch),
            totals_depth=_read(node, "totals_depth", _whole_number(0, MAX_TOTALS_DEPTH)),
            workers=workers,
            inspect_max_mib=_read(node, "inspect_max_mib", _whole_number(1, MAX_INSPECT_MIB)),
            worker_instance=instance,
            workers_max=_read(node, "workers_max", _whole_number(1, MAX_WORKERS)),
            ebs=_read(node, "ebs", _volume(instance)),
            sql=_read(node, "sql", _switch),
            sql_max_acu=_read(node, "sql_max_acu", _whole_number(1, MAX_ACU)),
            sql_readers=_read(node, "sql_readers", _whole_number(0, MAX_READERS)),
            canary=_read(node, "canary", shift.parse),
            source=_read(node, "source", source.parse),
            portfolio_principal=_read(node, "portfolio_principal", _principal),
            local=_read(node, "local", _switch) or _old_local(node),
        )

    def of_product(self) -> "Settings":
        """Return the settings of every product in a portfolio: data is retained, no extras."""
        return replace(
            self,
            stage="production",
            shards=16,
            transport="lambda",
            reconcile="off",
            kinesis=False,
            totals_depth=3,
            key_rotation_days=365,
            config="off",
            trail="off",
            workers=False,
            sql=False,
            canary=None,
            portfolio_principal="",
        )

    @property
    def governed(self) -> bool:
        """Whether there is a Governance stack."""
        return self.config != "off" or self.trail != "off"

    @property
    def limits(self) -> EmulatorLimits:
        """What the cloud that the templates are for cannot do."""
        return MINISTACK if self.local else AWS

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What happens to data when its stack is destroyed."""
        if self.stage == "production":
            return cdk.RemovalPolicy.RETAIN
        return cdk.RemovalPolicy.DESTROY


def _check_names(node: Node) -> None:
    """Raise SettingError for the first name in the context that is neither a setting nor CDK's."""
    known = [field.name for field in fields(Settings)]
    for name in node.get_all_context():
        if name in {*known, _OLD_LOCAL, *_CDK_CONTEXT} or re.search("[:@/]", name):
            continue
        if name in _REMOVED:
            raise SettingError(f"setting {name} {_REMOVED[name]}.")
        closest = get_close_matches(name, known, n=1)
        advice = f"Did you mean {closest[0]}?" if closest else f"Settings are {', '.join(known)}."
        raise SettingError(f"setting {name} is unknown. {advice}")


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


def _old_local(node: Node) -> bool:
    """Return the value of the setting `laptop`, which `local` was called before 0.2.

    It is accepted with a warning until 1.0.
    """
    if node.try_get_context(_OLD_LOCAL) is None:
        return False
    cdk.Annotations.of(node.root).add_warning_v2(
        "reinventure:laptop", "The setting `laptop` is now called `local`; 1.0 will not accept it."
    )
    return _read(node, _OLD_LOCAL, _switch)


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def _instance(region: str | None) -> Callable[[str], str]:
    def parse(value: str) -> str:
        instance = _choice(*instances.INSTANCES)(value)
        if region:
            instances.check_region(instance, region)
        return instance

    return parse


def _volume(instance: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        volume = _choice(*instances.VOLUMES)(value)
        instances.check(instance, volume)
        return volume

    return parse


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return parse


def _principal(value: str) -> str:
    if value and not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|group)/\S+", value):
        raise ValueError("must be the ARN of a role, user or group, or empty")
    return value


def _switch(value: str) -> bool:
    return _choice("true", "false")(value.lower()) == "true"
