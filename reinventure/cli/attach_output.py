"""The plan of attaching a bucket, as lines for a person."""

from collections.abc import Iterator

from reinventure.attaching import listed_buckets
from reinventure.aws.attach_plan import AttachPlan
from reinventure.aws.backfill_estimate import TABLE_WRITES, WRITES_PER_SHARD, BackfillEstimate
from reinventure.aws.notification_entry import NotificationEntry
from reinventure.aws.object_count import ObjectCount
from reinventure.cli.time_output import duration
from reinventure.cost import prices
from reinventure.printable import printable

_WIDTH = 15
_TURNED_ON = (
    "off: it is turned on, which takes some five minutes; nothing else changes in the bucket"
)
_CENT = 0.01
"""In dollars."""


def plan_lines(plan: AttachPlan) -> Iterator[str]:
    """Yield the lines of `plan`: names and values, with the setting `buckets` at the end."""
    before = ""
    for name, value in _properties(plan):
        yield f"{'' if name == before else name:<{_WIDTH}}{printable(value)}"
        before = name


def _properties(plan: AttachPlan) -> Iterator[tuple[str, str]]:
    """Yield name and value of each line; a name that is repeated has several."""
    bucket = plan.bucket
    encryption = bucket.encryption
    yield "bucket", f"s3://{plan.entry}"
    yield "region", f"{bucket.region}, as the catalog"
    yield "versioning", (bucket.versioning or "never enabled").lower()
    key = f", key {encryption.key}" if encryption.key else ""
    yield "encryption", f"{encryption.algorithm or 'none by default'}{key}"
    if encryption.key and plan.inspection_roles:
        yield "encryption", _decryption(plan.inspection_roles)
    yield from _events(plan)
    yield "objects", _objects(plan.objects)
    yield from _backfill(plan)
    setting = str(plan.setting)
    yield "setting", listed_buckets.line(setting)
    yield "setting", f"or, at each deployment: cdk deploy {listed_buckets.option(setting)}"


def _decryption(roles: list[str]) -> str:
    return (
        f"content inspection needs kms:Decrypt on it, for its roles {' and '.join(roles)}: allow "
        "that in the policy of the key, and of each other key of the objects"
    )


def _events(plan: AttachPlan) -> Iterator[tuple[str, str]]:
    if plan.bucket.notifications.on:
        yield "EventBridge", "on already: nothing changes in the bucket"
    else:
        yield "EventBridge", _TURNED_ON
        others = ", ".join(plan.other_rules)
        receive = "will receive events of the bucket, too"
        yield "other rules", f"{others} {receive}" if others else "none"
    entries = plan.bucket.entries
    yield "notifications", f"{len(entries)} of others, untouched" if entries else "none"
    for entry in entries:
        yield "notifications", _entry(entry)


def _entry(entry: NotificationEntry) -> str:
    parts = (*entry.destinations, *entry.events, *entry.filters)
    return f"{entry.kind} {entry.id or '(no id)'}: {', '.join(parts) or 'nothing known'}"


def _objects(objects: ObjectCount) -> str:
    if objects.day:
        return (
            f"{objects.least:,} to {objects.most:,}: the first page of the listing, and S3's count "
            f"of {objects.day} of the whole bucket, old versions and delete markers included"
        )
    if objects.most is None:
        return (
            f"at least {objects.least:,}, those of the first page of the listing; CloudWatch shows "
            "no count of this bucket"
        )
    return f"{objects.most:,}"


def _backfill(plan: AttachPlan) -> Iterator[tuple[str, str]]:
    yield "backfill", ("at least " if plan.objects.most is None else "") + _cost(plan.backfill)
    yield "backfill", _time(plan.backfill)
    if more := plan.backfill.with_more_shards():
        yield "shards", _proposal(plan, more)


def _cost(backfill: BackfillEstimate) -> str:
    parts = (
        (backfill.listing_dollars, f"{backfill.requests:,} LIST requests"),
        (backfill.row_dollars, f"{backfill.objects:,} write units of DynamoDB"),
        (backfill.following_dollars, "totals and change feed"),
    )
    total = sum(amount for amount, _ in parts)
    shown = f"{_dollars(total)} ({prices.LOCATION})"
    if total < _CENT:
        return shown
    return f"{shown}: " + ", ".join(f"{_dollars(amount)} for {reason}" for amount, reason in parts)


def _time(backfill: BackfillEstimate) -> str:
    writes = backfill.shards * WRITES_PER_SHARD
    return (
        f"{duration(backfill.seconds)} of writes: {backfill.shards} shards take {writes:,} a second"
    )


def _proposal(plan: AttachPlan, more: BackfillEstimate) -> str:
    writes = more.shards * WRITES_PER_SHARD
    quota = (
        f", with a quota of {writes:,} write units a second for the table, whose default is "
        f"{TABLE_WRITES:,}"
        if writes > TABLE_WRITES
        else ""
    )
    rows = (
        f"its {plan.rows:,} rows would have to be filled in again"
        if plan.rows
        else "set it before the first row, as it is fixed for the life of a table"
    )
    return f"shards={more.shards} would take {duration(more.seconds)}{quota}; {rows}"


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= _CENT else f"less than ${_CENT}"
