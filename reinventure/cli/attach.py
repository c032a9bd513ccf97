"""The command that attaches an existing bucket to the catalog."""

from typing import Annotated

import typer

from reinventure import cdk_cli
from reinventure.aws import deployed_catalog
from reinventure.aws.attach_plan import AttachPlan, attach_plan
from reinventure.aws.connection import session
from reinventure.cli import values
from reinventure.cli.attach_output import plan_lines
from reinventure.cli.options import Profile, Region, Stack, parser
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.progress import Steps
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
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would change, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Attach an existing bucket: catalog the objects that it has, and follow its changes.

    Shows what it found and what it will change, and asks. Of the bucket, only the EventBridge
    switch is turned on; its notifications of others stay as they are. Then the setting `buckets`
    is changed and deployed, which takes a checkout.

    With --plan it only shows, also without a checkout: for those who deploy by a pipeline, the last
    lines are the setting.

    For example:

        reinventure attach s3://logs-prod/2026/ --plan
        reinventure attach s3://photos-prod
    """
    if plan and yes:
        raise UserError("choose one: --plan only shows the plan, --yes attaches without a question")
    if not plan:
        _require_checkout()
    catalog = deployed_catalog.find(session(profile, region), stack)
    with Steps() as steps:
        made = attach_plan(catalog, entry, steps.begin)
    for line in plan_lines(made):
        print(line)
    if plan:
        return
    if not yes and not typer.confirm("Attach?"):
        print("Nothing attached.")
        return
    _attach(made)


def _attach(_plan: AttachPlan) -> None:
    raise UserError("this version only shows the plan: put its setting into cdk.json, and deploy")


def _require_checkout() -> None:
    try:
        cdk_cli.require_checkout()
    except UserError as error:
        raise UserError(f"{error}. With --plan, it works anywhere") from None
