"""The command that detaches a bucket from the catalog."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich import filesize

from reinventure import values
from reinventure.attaching import changed_deployment, detachment
from reinventure.attaching.detachment import require_detachable, switch_outlook
from reinventure.attaching.listed_buckets import deployed_buckets, line, option, without_entry
from reinventure.aws import deployed_catalog
from reinventure.aws.connection import session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.maintenance import remove_left
from reinventure.cli.options import Plan, Profile, Region, Stack, Yes, parser
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.printable import printable
from s3_catalog.model.scope import Entry

_WIDTH = 15


def detach(
    entry: Annotated[
        Entry,
        typer.Argument(
            metavar="s3://BUCKET[/PREFIX/]",
            parser=parser(values.entry),
            show_default=False,
            help="An attached bucket or prefix, as `reinventure buckets` lists it.",
        ),
    ],
    *,
    plan: Plan = False,
    yes: Yes = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Detach a bucket: its rows leave the catalog, and the bucket stays as it was found.

    Shows what it will do, and asks. Takes the bucket out of the setting `buckets` and deploys,
    which takes a checkout, then removes its rows. EventBridge is turned off only if it was off
    before the bucket was attached, and no rule of others needs it. No object is read or changed. A
    run that was interrupted continues. Exits with 1 while rows are left.

    With --plan it only shows, also without a checkout: for those who deploy by a pipeline, the last
    lines are the setting. `reinventure detach` then removes the rows.

    For example:

        reinventure detach s3://logs-prod/2026/ --plan
        reinventure detach s3://photos-prod
    """
    if plan and yes:
        raise UserError("choose one: --plan only shows the plan, --yes detaches without a question")
    catalog = deployed_catalog.find(session(profile, region), stack)
    deployed = deployed_buckets(catalog)
    change = not plan and (entry in deployed.attached.entries or changed_deployment.is_checkout())
    deployment = changed_deployment.of(catalog, ask=not yes) if change else None
    setting = deployment.buckets() if deployment else str(deployed)
    require_detachable(entry, catalog, setting)
    outlook = switch_outlook(entry, catalog)
    for name, value in _plan(entry, catalog, outlook, without_entry(setting, entry)):
        print(f"{name:<{_WIDTH}}{printable(value)}")
    if plan:
        return
    if not yes and not typer.confirm("Detach?"):
        print("Nothing detached.")
        return
    detachment.detach(entry, catalog, deployment, remove_left, outlook)


def _plan(
    entry: Entry, catalog: DeployedCatalog, outlook: str, setting: str
) -> Iterator[tuple[str, str]]:
    yield "bucket", f"s3://{entry}, which stays, with its objects"
    yield "rows", f"{_rows(entry, catalog)} are removed from the catalog"
    yield "EventBridge", outlook
    yield "setting", line(setting)
    yield "", f"or, at each deployment: cdk deploy {option(setting)}"


def _rows(entry: Entry, catalog: DeployedCatalog) -> str:
    totals = catalog.totals()
    if not totals.counts(entry.prefix):
        return "all"
    total = totals.total(entry.bucket, entry.prefix)
    return f"{total.objects:,}, of {filesize.decimal(total.bytes)},"
