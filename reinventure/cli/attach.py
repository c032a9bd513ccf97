"""The command that attaches an existing bucket to the catalog."""

from typing import Annotated

import typer

from reinventure import cdk_cli, values
from reinventure.attaching import attachment, changed_deployment
from reinventure.attaching.attachment import is_unfinished
from reinventure.aws import deployed_catalog
from reinventure.aws.attach_plan import attach_plan
from reinventure.aws.connection import session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.attach_output import plan_lines
from reinventure.cli.maintenance import backfill
from reinventure.cli.options import Plan, Profile, Region, Stack, Yes, parser
from reinventure.cli.verify import record_equal
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.progress import Steps
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.model.scope import Entry


def attach(
    entry: Annotated[
        Entry,
        typer.Argument(
            metavar="s3://BUCKET[/PREFIX/]",
            parser=parser(values.entry),
            show_default=False,
            help="A bucket of this account and region, or a prefix: only the keys below it.",
        ),
    ],
    *,
    plan: Plan = False,
    yes: Yes = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Attach an existing bucket: catalog the objects that it has, and follow its changes.

    Shows what it found and what it will change, and asks. Of the bucket, only the EventBridge
    switch is turned on; its notifications of others stay as they are. Then the setting `buckets`
    is changed and deployed, which takes a checkout, the objects are catalogued, and bucket and
    catalog compared: EQUAL. In an account that takes six minutes or more, as S3 sends no events
    before. A run that was interrupted continues. Exits with 1 if they differ. For a bucket that is
    attached already, but whose switch was turned off since, it only turns that on again.

    With --plan it only shows, also without a checkout: for those who deploy by a pipeline, the last
    lines are the setting. Ten minutes after that deployment, `reinventure repair` catalogues the
    objects, and `reinventure verify` compares.

    For example:

        reinventure attach s3://logs-prod/2026/ --plan
        reinventure attach s3://photos-prod
    """
    if plan and yes:
        raise UserError("choose one: --plan only shows the plan, --yes attaches without a question")
    catalog = deployed_catalog.find(session(profile, region), stack)
    if not plan and _is_off(entry, catalog):
        _turn_on(entry, catalog, ask=not yes)
        return
    if not plan:
        _require_checkout()
    if not plan and is_unfinished(entry, catalog):
        _attach(entry, catalog, ask=not yes)
        return
    with Steps() as steps:
        made = attach_plan(catalog, entry, steps.begin)
    for line in plan_lines(made):
        print(line)
    if plan:
        return
    if not yes and not typer.confirm("Attach?"):
        print("Nothing attached.")
        return
    _attach(entry, catalog, ask=not yes)


def _is_off(entry: Entry, catalog: DeployedCatalog) -> bool:
    """Return whether `entry` is attached to the end, but its bucket sends no events."""
    return (
        entry in catalog.scope.entries
        and not is_unfinished(entry, catalog)
        and entry.bucket != catalog.outputs.bucket_name
        and not catalog.notifications().read(entry.bucket).on
    )


def _turn_on(entry: Entry, catalog: DeployedCatalog, *, ask: bool) -> None:
    bucket = entry.bucket
    print(f"s3://{bucket} is attached, but sends no events: EventBridge was turned off there.")
    if ask and not typer.confirm("Turn it on?"):
        print("Nothing changed.")
        return
    EventBridgeSwitch(catalog.notifications(), bucket, catalog.region).turn(on=True)
    print(
        "It is on. S3 takes some five minutes until it sends events: run `reinventure repair "
        f"s3://{bucket}/` in ten minutes, for the changes until then."
    )


def _attach(entry: Entry, catalog: DeployedCatalog, *, ask: bool) -> None:
    began = attachment.attach(entry, catalog, changed_deployment.of(catalog, ask=ask), backfill)
    if began:
        attached = deployed_catalog.find(catalog.session, catalog.stack)
        record_equal(attached.choose(entry.bucket), began)


def _require_checkout() -> None:
    try:
        cdk_cli.require_checkout()
    except UserError as error:
        raise UserError(f"{error}. With --plan, it works anywhere") from None
