"""The command that prices a catalog."""

from typing import Annotated

import typer

from reinventure import values
from reinventure.cli.cost_output import cost_json, cost_lines
from reinventure.cli.options import Json, parser
from reinventure.cost.workload import Option, Rate, Workload
from reinventure.errors import UserError


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


def cost(
    *,
    changes: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=parser(values.count),
            show_default="1M",
            help="Changes of objects in a month, such as 500k or 1M.",
        ),
    ] = 1_000_000,
    objects: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=parser(values.count),
            show_default="10M",
            help="Objects in the bucket, such as 10M or 10B.",
        ),
    ] = 10_000_000,
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
        frozenset[Option],
        typer.Option(
            "--with",
            metavar="OPTION,...",
            parser=parser(_options),
            show_default=False,
            help=f"What the settings add: {', '.join(Option)}.",
        ),
    ] = frozenset(),
    json: Json = False,
) -> None:
    """Price a catalog by service: a month, and a million changes. Asks AWS nothing.

    First comes what AWS itself offers for less, S3 Metadata and S3 Inventory; at the end, what each
    gives. The units are those that the code uses; prices are list prices, of the file
    reinventure/cost/prices.py, which has the source of each. Nothing is subtracted for what is free
    in an account; the line "free" shows how much that is.

    `--rate` is how changes come: `trickle`, one a second, is the most expensive, because totals
    alone are counted in batches. `--with attached` is an existing bucket instead of one of its own.

    docs/cost.md has the assumptions, and the quotas that large buckets meet.

    For example:

        reinventure cost --changes 5M --objects 100M --rate steady
        reinventure cost --with attached,nightly,sql --json
    """
    try:
        workload = Workload(changes, objects, rate, overwrites, options)
    except ValueError as error:
        raise UserError(f"--with: {error}") from None
    for line in cost_json(workload) if json else cost_lines(workload):
        print(line)
