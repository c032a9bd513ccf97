"""Commands for the mirror that answers SQL."""

import json
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws import deployed_mirror as mirrors
from reinventure.aws.connection import session
from reinventure.aws.deployed_mirror import Answer, Cell
from reinventure.aws.mirror_backfill import backfill
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG, SQL
from reinventure.errors import UserError
from reinventure.printable import printable
from reinventure.progress import Steps

WAKING_SECONDS = 120
"""A database that has slept for more than a day takes half a minute or more."""

MirrorStack = Annotated[str, typer.Option(help="The CloudFormation stack of the mirror.")]


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="One statement of SQL, quoted for your shell.")
    ],
    json: Json = False,
    stack: MirrorStack = SQL,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Ask the mirror of the catalog: `reinventure sql "SELECT COUNT(*), SUM(size) FROM objects"`.

    The view `objects` has the columns object_key, size, etag, version_id, changed_at (UTC), event,
    and key_bytes, which is what an index finds: WHERE key_bytes LIKE 'logs/%'. The table `states`
    has the deleted keys, too. docs/sql.md has queries to begin with.

    Nothing can be changed: it is asked by a user who may only read. A table on a terminal; piped,
    lines with tabs, and the names of the columns in the first one.
    """
    answer = mirrors.find(session(profile, region), stack).ask(query, _waiting())
    if json:
        _print_json(answer)
    elif sys.stdout.isatty():
        _print_table(answer)
    else:
        for row in (answer.columns, *map(_texts, answer.rows)):
            print("\t".join(map(printable, row)))


def sql_backfill(
    prefix: Prefix = "",
    stack: Stack = CATALOG,
    mirror: MirrorStack = SQL,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Mirror what the catalog knows already: for a bucket that was full before there was a mirror.

    Safe at any time, and while the bucket changes: what the mirror knows better stays.
    """
    here = session(profile, region)
    catalog, found = deployed.find(here, stack), mirrors.find(here, mirror)
    total = 0
    with Steps() as steps:
        steps.begin(f"Mirroring the catalog of s3://{catalog.bucket}/{prefix}")
        for written in backfill(catalog, found, prefix):
            total += written
            steps.advance(written)
    print(f"Mirrored {total:,} rows.")


def _waiting() -> Callable[[], None]:
    """Return what waits for the database to wake up, and says so once."""
    since: list[float] = []

    def wait() -> None:
        if not since:
            since.append(time.monotonic())
            print("The database is asleep. Waking it takes some 15 seconds ...", file=sys.stderr)
        if time.monotonic() - since[0] > WAKING_SECONDS:
            raise UserError(f"the database did not wake up within {WAKING_SECONDS} seconds.")
        time.sleep(1)

    return wait


def _print_json(answer: Answer) -> None:
    twice = {name for name in answer.columns if answer.columns.count(name) > 1}
    if twice:
        raise UserError(f"two columns are named {min(twice)}: name one with AS.")
    for row in answer.rows:
        fields = dict(zip(answer.columns, row, strict=True))
        print(json.dumps(fields, ensure_ascii=False))


def _print_table(answer: Answer) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for n, name in enumerate(answer.columns):
        numbers = all(isinstance(row[n], int | float | None) for row in answer.rows)
        table.add_column(escape(name), justify="right" if numbers else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(escape(printable(text)) for text in _texts(row)))
    Console().print(table)


def _texts(row: list[Cell]) -> list[str]:
    return ["NULL" if cell is None else str(cell) for cell in row]
