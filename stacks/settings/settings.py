"""The settings of the app, read from CDK context (`cdk.json`, or `-c name=value`) and checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TypeVar

import aws_cdk as cdk
from constructs import Node

from reinventure import bucket_list
from reinventure.bucket_list import BucketList
from reinventure.contract import MAX_SHARDS
from reinventure.printable import printable
from s3_catalog.model.scope import Scope

from . import pipeline_source as source
from . import traffic_shift as shift
from . import worker_instance as instances
from .emulator_limits import AWS, MINISTACK, EmulatorLimits
from .pipeline_source import Source
from .traffic_shift import Shift

ROTATION_DAYS = (90, 2560)
"""Minimum and maximum of days between two rotations of a key (`RotationPeriodInDays` of
EnableKeyRotation, KMS API reference)."""

MAX_TOTALS_DEPTH = 10
"""Each level is one more item that every change of an object writes."""

TOTALS_WINDOW = (1, 300)
"""Minimum and maximum of seconds for which Lambda gathers records of a stream: 0 is allowed for
batches of up to 10 records only (`MaximumBatchingWindowInSeconds`, Lambda API reference)."""

MAX_DIFFERENCES = 1_000_000_000
"""More rows than any comparison of a night can repair."""

MAX_INSPECT_MIB = 64
"""The slowest content of this size takes most of the function's time for an object."""

MAX_WORKERS = 100
"""Each has one processor. More exceed the quota for instances of a new account."""

MAX_ACU = 256
"""The maximum capacity of Aurora Serverless v2."""

MAX_READERS = 15
"""Readers of a cluster, a quota of Aurora that CloudFormation checks at deployment only."""

UNCONDITIONAL = ("autoscaling", "cloudwatch", "events", "s3", "sns")
"""The AWS services that may use a key without the conditions of this app, if a setting says so."""

_OLD_LOCAL = "laptop"
"""The name of the setting `local` before 1.0."""

_REMOVED = {
    "minimum_size": (
        "was removed in 1.0, because a catalog without the small objects is not correct. Remove it "
        "from the context; with buckets=NAME/PREFIX/ a catalog has a part of an existing bucket"
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
    """A setting is unknown or invalid: `mistake` names it, its value and the choice, in a line.

    The text of the error has the `remedy` as well.
    """

    def __init__(self, mistake: str, remedy: str = "") -> None:
        super().__init__(f"{mistake}{remedy}")
        self.mistake = mistake


@dataclass(frozen=True)
class Settings:
    """The settings of a deployment. `cdk.json` has the defaults."""

    stage: str
    """`sandbox`: `cdk destroy` removes everything, objects too. `production`: data and keys are
    retained, and the stack and the table are protected from deletion."""

    key_rotation_days: int
    """Days between two rotations of the customer managed keys, within `ROTATION_DAYS`. KMS keeps
    the old key material, so data stays readable."""

    unconditional_key_use: frozenset[str]
    """Those of `UNCONDITIONAL` that may use a key without our conditions, which no document of AWS
    confirms for them. `reinventure doctor` names the services that need it (docs/security.md)."""

    shards: int
    """Partitions of a bucket's rows, 1 to `MAX_SHARDS`. Each takes 1,000 writes per second. Fixed
    for the life of a table (docs/design.md)."""

    buckets: BucketList
    """The buckets of the catalog, such as `create,photos-prod,logs-prod/2026/`: `create` is one of
    its own, others exist and are attached, whole or what is below a prefix (docs/buckets.md);
    `reinventure attach` and `detach` edit it. In a sandbox the bucket of its own is deleted, with
    its objects, when `create` is taken away."""

    transport: str
    """The way of events from the bucket of its own to `ingest`: `lambda` (S3 invokes it), `sqs`
    (through a queue), `sns` (through a topic, which others may subscribe to, and a queue) or
    `eventbridge` (through a rule). Events of attached buckets come through EventBridge."""

    reconcile: str
    """`nightly`: a state machine compares buckets and catalog at 03:17 UTC, and repairs what
    differs. `off`: the catalog follows events alone. With attached buckets there is the state
    machine all the same, and `off` starts it at no time."""

    max_differences: int
    """Differences that the nightly comparisons of a day may find before an alarm is raised."""

    notify: str
    """Subscriber of alarms and notices: an e-mail address, that of a chat channel for example, or
    an https URL that confirms SNS subscriptions; or empty (docs/alarms.md). A product has none."""

    dashboard: bool
    """Whether CloudWatch has a dashboard of the catalog. Three are free in an account, others cost
    $3 a month (docs/cost.md)."""

    config: str
    """The recorder of AWS Config: `create` (the stack Governance creates it; an account has one per
    region), `existing` (the account has one) or `off` (there are no Config rules). See
    docs/security.md#detection."""

    trail: str
    """`create`: a trail records the management events of the account, uses of keys included, in a
    bucket with object lock. `objects`: also every call on an object of the catalog's buckets, for
    $1 a million. `off`: there is CloudTrail's event history of 90 days alone. See
    docs/security.md#detection."""

    kinesis: bool
    """Whether DynamoDB copies every write of the table to a Kinesis data stream
    (docs/changes.md#kinesis)."""

    tracing: bool
    """Whether X-Ray traces the functions. Lambda has no setting for how many invocations: one a
    second, and 5 percent of the others (docs/cost.md)."""

    log_level: str
    """`info`: the functions log a line for each invocation, and failures. `debug`: also a line for
    each step of each key (lambdas/s3_catalog/key_log.py), for the timeline of the console: some
    2.5 kB a change, $1.30 a million. The default on the local cloud."""

    totals_depth: int
    """Levels of folders with totals, 0 to `MAX_TOTALS_DEPTH`; with 0 only the bucket has totals.
    After a change the totals start at zero."""

    totals_window: int
    """Seconds for which Lambda gathers changes before they are counted, within `TOTALS_WINDOW`. A
    longer window costs less, and totals follow later (docs/cost.md#totals). The local cloud has
    1."""

    workers: bool
    """Whether there is the stack Workers, content inspection (docs/inspection.md)."""

    inspect_max_mib: int
    """Size in MiB, 1 to `MAX_INSPECT_MIB`, up to which a function inspects an object; workers
    inspect larger ones."""

    worker_instance: str
    """The EC2 instance type of the workers, one of `instances.INSTANCES`."""

    workers_max: int
    """Maximum of workers, 1 to `MAX_WORKERS`. There are none while no object waits."""

    ebs: str
    """The scratch volume of an instance, one of `instances.VOLUMES`."""

    sql: bool
    """Whether there is the stack Sql, a mirror of the rows in Aurora (docs/sql.md)."""

    sql_max_acu: int
    """Maximum capacity of an instance of the mirror, 1 to `MAX_ACU` Aurora capacity units of about
    2 GiB of memory. An idle instance pauses at zero."""

    sql_readers: int
    """Readers of the mirror besides the writer, which serves the Data API; 0 to `MAX_READERS`. The
    first is the target of a failover."""

    canary: Shift | None
    """How events shift to a new version of `ingest` (docs/delivery.md). `off`, here None: at once
    and without a pre-traffic test."""

    source: Source
    """Repository and branch of the pipeline: CodeCommit or GitHub (docs/delivery.md)."""

    portfolio_principal: str
    """ARN of the role, user or group that may launch products of the portfolio, or empty."""

    local: bool
    """Whether the templates are for the local cloud, which lacks some services
    (docs/design.md#what-the-local-cloud-cannot-show)."""

    @classmethod
    def from_context(cls, node: Node, region: str | None = None) -> "Settings":
        """Read every setting from the context of `node`, for a deployment to `region`, if known.

        Raises SettingError for the first name that is no setting, and for the first setting that is
        missing or wrong.
        """
        _check_names(node)
        workers = _read(node, "workers", _switch)
        instance = _read(node, "worker_instance", _instance(region if workers and region else None))
        return cls(
            stage=_read(node, "stage", _choice("sandbox", "production")),
            key_rotation_days=_read(node, "key_rotation_days", _whole_number(*ROTATION_DAYS)),
            unconditional_key_use=_read(node, "unconditional_key_use", _choices(*UNCONDITIONAL)),
            shards=_read(node, "shards", _whole_number(1, MAX_SHARDS)),
            buckets=_read(node, "buckets", bucket_list.parse),
            transport=_read(node, "transport", _choice("lambda", "sqs", "sns", "eventbridge")),
            reconcile=_read(node, "reconcile", _choice("off", "nightly")),
            max_differences=_read(node, "max_differences", _whole_number(0, MAX_DIFFERENCES)),
            notify=_read(node, "notify", _subscriber),
            dashboard=_read(node, "dashboard", _switch),
            config=_read(node, "config", _choice("off", "existing", "create")),
            trail=_read(node, "trail", _choice("off", "create", "objects")),
            kinesis=_read(node, "kinesis", _switch),
            tracing=_read(node, "tracing", _switch),
            log_level=_read(node, "log_level", _choice("info", "debug")),
            totals_depth=_read(node, "totals_depth", _whole_number(0, MAX_TOTALS_DEPTH)),
            totals_window=_read(node, "totals_window", _whole_number(*TOTALS_WINDOW)),
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
        """Return the settings of a product: data is retained, optional parts are off."""
        return replace(
            self,
            stage="production",
            shards=16,
            buckets=BucketList(create=True, attached=Scope(())),
            transport="lambda",
            reconcile="off",
            notify="",
            dashboard=False,
            kinesis=False,
            tracing=False,
            log_level="info",
            totals_depth=3,
            totals_window=60,
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
        """The limits of the cloud that the templates are for."""
        return MINISTACK if self.local else AWS

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """The fate of data when its stack is destroyed."""
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
        closest = get_close_matches(name.lower(), known, n=1)
        advice = f"Did you mean {closest[0]}?" if closest else f"Settings are {', '.join(known)}."
        raise SettingError(f"setting {printable(name)} is unknown. {advice}")


def _read(node: Node, name: str, parse: Callable[[str], _T]) -> _T:
    # cdk.json has JSON values, the command line has strings: both become the same string.
    value = str(node.try_get_context(name))
    try:
        return parse(value)
    except ValueError as error:
        raise SettingError(
            f"setting {name}={printable(value)}: {error}",
            f'. Set it in cdk.json under "context", or with: cdk deploy -c {name}=...',
        ) from None


def _old_local(node: Node) -> bool:
    """Return the value of the setting `laptop`, which `local` was called before 1.0.

    It is accepted with a warning until 2.0.
    """
    if node.try_get_context(_OLD_LOCAL) is None:
        return False
    cdk.Annotations.of(node.root).add_warning_v2(
        "reinventure:laptop", "The setting `laptop` is now called `local`; 2.0 will not accept it."
    )
    return _read(node, _OLD_LOCAL, _switch)


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def _choices(*choices: str) -> Callable[[str], frozenset[str]]:
    def parse(value: str) -> frozenset[str]:
        chosen = frozenset(value.split(",") if value else ())
        if not chosen <= set(choices):
            raise ValueError(f"must be empty, or some of {','.join(choices)}")
        return chosen

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


def _subscriber(value: str) -> str:
    if value and not re.fullmatch(r"https://[^\s/]+\S*|[^@\s:/]+@[^@\s:/]+\.[^@\s:/]+", value):
        raise ValueError("must be an e-mail address, an https URL, or empty")
    return value


def _principal(value: str) -> str:
    if value and not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|group)/\S+", value):
        raise ValueError("must be the ARN of a role, user or group, or empty")
    return value


def _switch(value: str) -> bool:
    return _choice("true", "false")(value.lower()) == "true"
