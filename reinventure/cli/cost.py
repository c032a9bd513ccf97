"""The command that prices a catalog."""

from typing import Annotated

import typer

from reinventure import values
from reinventure.aws import account_counts, deployed_catalog
from reinventure.aws.connection import session
from reinventure.aws.doctor import diagnosis
from reinventure.cli.cost_output import cost_json, cost_lines, measured_json, measured_lines
from reinventure.cli.options import Json, Profile, Region, Stack, parser
from reinventure.contract import CATALOG
from reinventure.cost.measured import measured as measured_month
from reinventure.cost.workload import Option, Rate, Workload
from reinventure.errors import UserError
from s3_catalog.model.timestamps import utc_now

_CHANGES, _OBJECTS = 1_000_000, 10_000_000
_MONTH_DAYS = 30


def _options(text: str) -> frozenset[Option]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(Option)]
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}: use {', '.join(Option)}")
    return frozenset(map(Option, names))


def _rate(text: str) -> Rate:
    if text not in list(Rate):
        raise ValueError(f"invalid rate {text!r}: use {', '.join(Rate)}")
    return Rate(text)


def _days(text: str) -> int:
    days = values.whole_number(text)
    if not 1 <= days <= account_counts.MAX_DAYS:
        raise ValueError(f"invalid number of days {text!r}: use 1 to {account_counts.MAX_DAYS}")
    return days


def cost(
    *,
    changes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=parser(values.count),
            show_default="1M",
            help="Changes of objects in a month, such as 500k or 1M.",
        ),
    ] = None,
    objects: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=parser(values.count),
            show_default="10M",
            help="Objects in the bucket, such as 10M or 10B.",
        ),
    ] = None,
    rate: Annotated[
        Rate,
        typer.Option(
            metavar="|".join(Rate),
            parser=parser(_rate),
            show_default="trickle",
            help="How changes come: one by one, 40 a second, or 400 a second.",
        ),
    ] = Rate.TRICKLE,
    overwrites: Annotated[
        float,
        typer.Option(
            metavar="PERCENT",
            parser=parser(values.percent),
            show_default="20%",
            help="Changes that replace an object; the others are new ones.",
        ),
    ] = 0.2,
    options: Annotated[
        frozenset[Option] | None,
        typer.Option(
            "--with",
            metavar="OPTION,...",
            parser=parser(_options),
            show_default=False,
            help=f"What the settings add: {', '.join(Option)}.",
        ),
    ] = None,
    measured: Annotated[
        bool,
        typer.Option(
            "--measured", help="Price what the account counted of a deployed catalog instead."
        ),
    ] = False,
    days: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=parser(_days),
            show_default="30",
            help="With --measured: the last days, at most 60.",
        ),
    ] = None,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Price a catalog by service: a month, and a million changes. Asks AWS nothing.

    First comes what AWS itself offers for less, S3 Metadata and S3 Inventory; at the end, what each
    gives. The units are those that the code uses; prices are list prices, of the file
    reinventure/cost/prices.py, which has the source of each. Nothing is subtracted for what is free
    in an account; the line "free" shows how much that is.

    `--rate` is how changes come: `trickle`, one a second, is the most expensive, because totals
    alone are counted in batches. `--with attached` is an existing bucket instead of one of its own.

    With `--measured` a deployed catalog is priced by the account's own counts in CloudWatch, as a
    month of 30 days: invocations and their duration, write and read units, messages, events, bytes
    of logs, and the size of the tables. What AWS does not count is priced by the model; the last
    column says which. That reads AWS, for less than a cent, and changes nothing.

    docs/cost.md has the assumptions, and the quotas that large buckets meet.

    For example:

        reinventure cost --changes 5M --objects 100M --rate steady
        reinventure cost --with attached,nightly,sql --json
        reinventure cost --measured --days 7
    """
    if measured:
        _refuse_what_is_deployed(changes, objects, options)
        catalog = deployed_catalog.find(session(profile, region), stack)
        if diagnosis.emulated(catalog):
            raise UserError(
                "the local cloud has no counts of what was used: without --measured the command "
                "prices a month by the model, and `reinventure console` the changes that come"
            )
        counts = account_counts.counts(catalog, days or _MONTH_DAYS, utc_now())
        month = measured_month(counts, rate, overwrites)
        for line in measured_json(month) if json else measured_lines(month):
            print(line)
        return
    if days is not None:
        raise UserError("--days is for --measured: a month by the model has 30")
    try:
        workload = Workload(
            _CHANGES if changes is None else changes,
            _OBJECTS if objects is None else objects,
            rate,
            overwrites,
            options or frozenset(),
        )
    except ValueError as error:
        raise UserError(f"--with: {error}") from None
    for line in cost_json(workload) if json else cost_lines(workload):
        print(line)


def _refuse_what_is_deployed(
    changes: int | None, objects: int | None, options: frozenset[Option] | None
) -> None:
    """Raise UserError for an option that --measured takes from the deployed catalog."""
    given = {"--changes": changes, "--objects": objects, "--with": options}
    for option, value in given.items():
        if value is not None:
            raise UserError(f"{option} is for the model: --measured counts a deployed catalog")
