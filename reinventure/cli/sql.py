"""Commands for the SQL mirror."""

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reinventure.aws import deployed_catalog, deployed_mirror
from reinventure.aws.connection import session
from reinventure.aws.deployed_mirror import Cell, QueryResult
from reinventure.aws.mirror_backfill import backfill
from reinventure.cli import chosen_buckets
from reinventure.cli.options import Json, MirrorStack, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG, SQL
from reinventure.errors import UserError
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps
from reinventure.values import EVERYWHERE

RESUME_SECONDS = 120
"""Longest wait for the database. After more than a day of pause it resumes in half a minute."""


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="One SQL statement, quoted for the shell.")
    ],
    json: Json = False,
    stack: MirrorStack = SQL,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Query the SQL mirror of the catalog.

    The view `objects` has the columns object_key, size, etag, version_id, changed_at (UTC), event,
    key_bytes and bucket. The last two have the indexes: WHERE bucket = 'photos-prod' AND key_bytes
    LIKE 'holiday/%'. The table `states` has deleted keys as well. docs/sql.md has more queries.

    The query runs as a user with read permission only. On a terminal the result is a table; in a
    pipe it is lines with tabs, the first of which has the column names.

    For example:

        reinventure sql "SELECT bucket, SUM(size) FROM objects GROUP BY bucket"
        reinventure sql --json "SELECT * FROM objects LIMIT 10"
    """
    mirror = deployed_mirror.find(session(profile, region), stack)
    result = mirror.query(query, _resuming())
    if json:
        _print_json(result)
    elif sys.stdout.isatty():
        _print_table(result)
    else:
        for row in (result.columns, *map(_texts, result.rows)):
            print("\t".join(map(printable, row)))


def sql_backfill(
    place: Prefix = EVERYWHERE,
    stack: Stack = CATALOG,
    mirror: MirrorStack = SQL,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Fill the SQL mirror with the rows that the catalog had before the mirror was deployed.

    Without PREFIX, those of all buckets. Idempotent, and safe while the buckets change: newer
    states in the mirror stay.

    For example:

        reinventure sql-backfill
        reinventure sql-backfill s3://photos-prod/holiday/
    """
    here = session(profile, region)
    catalog = deployed_catalog.find(here, stack)
    chosen = chosen_buckets.by_place(catalog, place)
    found = deployed_mirror.find(here, mirror)
    total = 0
    with Steps() as steps:
        for each in chosen:
            steps.begin(f"Mirroring the catalog of s3://{each.bucket}/{place.key}")
            for written in backfill(each, found, place.key):
                total += written
                steps.advance(written)
    print(f"Mirrored {total:,} rows.")


def _resuming() -> Callable[[], None]:
    """Return a function that waits a second for the database; its first call prints a line."""
    since: list[float] = []

    def wait() -> None:
        if not since:
            since.append(time.monotonic())
            print("The database is paused. It takes some 15 seconds to resume ...", file=sys.stderr)
        if time.monotonic() - since[0] > RESUME_SECONDS:
            raise UserError(f"the database did not resume within {RESUME_SECONDS} seconds")
        time.sleep(1)

    return wait


def _print_json(result: QueryResult) -> None:
    twice = {name for name in result.columns if result.columns.count(name) > 1}
    if twice:
        raise UserError(f"two columns have the name {min(twice)!r}: rename one with AS")
    for row in result.rows:
        fields = zip(map(printable_json, result.columns), map(_json_cell, row), strict=True)
        print("{" + ", ".join(f"{name}: {value}" for name, value in fields) + "}")


def _print_table(result: QueryResult) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for n, name in enumerate(result.columns):
        numbers = all(isinstance(row[n], int | float | Decimal | None) for row in result.rows)
        table.add_column(
            Text(printable(name)), justify="right" if numbers else "left", overflow="fold"
        )
    for row in result.rows:
        table.add_row(*(Text(printable(text)) for text in _texts(row)))
    Console().print(table)


def _json_cell(cell: Cell) -> str:
    # A number of JSON may have any number of digits; the module json would round it to a float.
    return _text(cell) if isinstance(cell, Decimal) else printable_json(cell)


def _texts(row: list[Cell]) -> list[str]:
    return ["NULL" if cell is None else _text(cell) for cell in row]


def _text(cell: Cell) -> str:
    # As SQL writes it: str() of a small Decimal has an exponent.
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
