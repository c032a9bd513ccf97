"""The plan of attaching a bucket: what was found, what changes, and why it may be refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from reinventure import bucket_list
from reinventure.aws import deployed_stack, permission
from reinventure.aws.backfill_estimate import BackfillEstimate
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.existing_bucket import ExistingBucket, existing_bucket
from reinventure.aws.object_count import ObjectCount, object_count
from reinventure.bucket_list import CREATE, BucketList
from reinventure.contract import WORKERS, product_stack
from reinventure.errors import UserError
from s3_catalog.attachment.matching_rules import EventsClient, matching_rules
from s3_catalog.model import scope
from s3_catalog.model.scope import Entry

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

_INSPECTION_ROLE = re.compile("(Examine|Worker)Role[0-9A-F]{8}")
"""Logical ids of the roles that read objects."""


@dataclass(frozen=True, slots=True)
class AttachPlan:
    """The plan of attaching `entry` to `catalog`, which does not have it yet.

    `setting` is the setting `buckets` with it. `other_rules` are the rules of the event bus, by
    name, that begin to receive events of the bucket: none if its EventBridge switch is on already.
    `inspection_roles` are the names of the roles that read its objects, none without content
    inspection. `rows` is the number of objects that the catalog has.
    """

    catalog: DeployedCatalog
    entry: Entry
    setting: BucketList
    bucket: ExistingBucket
    other_rules: list[str]
    objects: ObjectCount
    backfill: BackfillEstimate
    inspection_roles: list[str]
    rows: int


def attach_plan(catalog: DeployedCatalog, entry: Entry, begin: Callable[[str], None]) -> AttachPlan:
    """Return the plan of attaching `entry` to `catalog`. Changes nothing.

    `begin` is called with each step.

    Raises UserError if it cannot be attached, or for a permission that is missing; botocore's
    ClientError or BotoCoreError.
    """
    region, account = catalog.region, catalog.account
    if catalog.stack.startswith(product_stack(account, "")):
        raise UserError(
            f"the stack {catalog.stack} is a launched product, which has its own bucket alone: "
            "attach to a catalog that is deployed with settings"
        )
    setting = _setting(catalog, entry)
    client = catalog.session.client("cloudformation", config=config())
    begin("Looking for other catalogs")
    _require_no_other_catalog(client, catalog, entry.bucket)
    begin(f"Reading the configuration of s3://{entry.bucket}")
    bucket = existing_bucket(catalog.session, entry.bucket, account=account, region=region)
    begin("Reading the rules of the event bus")
    rules = [] if bucket.notifications.on else other_rules(client, catalog, entry.bucket)
    begin(f"Listing the first page of s3://{entry}")
    objects = object_count(catalog.session, entry, account=account)
    totals = catalog.totals()
    return AttachPlan(
        catalog=catalog,
        entry=entry,
        setting=setting,
        bucket=bucket,
        other_rules=rules,
        objects=objects,
        backfill=BackfillEstimate(objects.expected, catalog.outputs.shards),
        inspection_roles=_inspection_roles(client),
        rows=sum(totals.total(each, "").objects for each in catalog.scope.buckets),
    )


def _setting(catalog: DeployedCatalog, entry: Entry) -> BucketList:
    """Return the setting `buckets` with `entry`. Raises UserError if it cannot have it."""
    own = catalog.outputs.bucket_name
    if entry.bucket == own:
        raise UserError(f"s3://{own} is the bucket of its own of the catalog, which has all of it")
    attached = scope.parse(catalog.outputs.attached_buckets or "")
    for each in attached.entries:
        _require_no_overlap(entry, each)
    if str(entry) == CREATE:
        raise UserError(
            f"the setting buckets cannot name a bucket {CREATE!r}, only its prefixes: there, it "
            "stands for the bucket of its own"
        )
    setting = BucketList(create=bool(own), attached=scope.of((*attached.entries, entry)))
    try:
        return bucket_list.parse(str(setting))
    except ValueError as error:
        raise UserError(f"s3://{entry} cannot be attached: {error}") from None


def _require_no_overlap(entry: Entry, attached: Entry) -> None:
    if entry.bucket != attached.bucket:
        return
    if entry == attached:
        raise UserError(
            f"s3://{entry} is attached already: `reinventure repair "
            f"s3://{entry.bucket}/{entry.prefix}` catalogues what is missing"
        )
    if entry.prefix.startswith(attached.prefix):
        raise UserError(f"s3://{entry} is part of s3://{attached}, which is attached already")
    if attached.prefix.startswith(entry.prefix):
        raise UserError(
            f"s3://{entry} has s3://{attached} in it, which is attached: detach that first"
        )


def _require_no_other_catalog(
    client: "CloudFormationClient", catalog: DeployedCatalog, bucket: str
) -> None:
    with permission.needed("cloudformation:DescribeStacks", "all stacks of the region"):
        others = [
            name
            for name, outputs in deployed_stack.catalogs(client)
            if outputs.table_name != catalog.table
            and bucket in DeployedCatalog(catalog.session, name, outputs).scope.buckets
        ]
    if others:
        raise UserError(
            f"s3://{bucket} is in another catalog of this account and region, the stack {others[0]}"
        )


def other_rules(client: "CloudFormationClient", catalog: DeployedCatalog, bucket: str) -> list[str]:
    """Return the rules of the event bus, by name, that events of `bucket` could match.

    Those of `catalog` are not among them. Raises UserError for a permission that is missing;
    botocore's ClientError or BotoCoreError.
    """
    partition, region, account = catalog.partition, catalog.region, catalog.account
    ours = []
    # Other rules of the catalog match no event of a bucket that it does not have.
    if bucket in catalog.scope.buckets:
        rules = deployed_stack.resources(client, catalog.stack, "AWS::Events::Rule")
        ours = [name for _, name in rules]
    events = cast("EventsClient", catalog.session.client("events", config=config()))
    with permission.needed("events:ListRules or events:TestEventPattern", "the default event bus"):
        return matching_rules(
            events, bucket, partition=partition, region=region, account=account, ours=ours
        )


def _inspection_roles(client: "CloudFormationClient") -> list[str]:
    if not deployed_stack.describe(client, WORKERS):
        return []
    roles = deployed_stack.resources(client, WORKERS, "AWS::IAM::Role")
    return sorted(name for logical_id, name in roles if _INSPECTION_ROLE.fullmatch(logical_id))
