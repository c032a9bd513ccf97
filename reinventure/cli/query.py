"""Commands that query the catalog."""

import sys
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

import reinventure
from reinventure import values
from reinventure.cli import chosen_buckets, row_output
from reinventure.cli.chosen_buckets import BucketName
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack, parser
from reinventure.cli.time_output import utc
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, CheckFailedError
from reinventure.library import check_deleted
from reinventure.progress import Steps
from reinventure.values import EVERY_BUCKET, EVERYWHERE


def ls(
    place: Prefix = EVERYWHERE,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the catalog in key order: time of the last change, size in bytes, key.

    Reads DynamoDB, not S3, and prints while it reads. Control characters in a key are escaped;
    --json has the key itself, with ETag, version and sequencer.

    For example:

        reinventure ls photos/2026/
        reinventure ls --json
    """
    catalog = reinventure.open(stack, profile=profile, region=region)
    if json:
        for row in catalog.rows(str(place)):
            print(row_output.row_json(row))
        return
    for listed in catalog.listing(str(place)):
        sys.stdout.write("".join(f"{row_output.listed_line(each)}\n" for each in listed))


def du(
    place: Prefix = EVERYWHERE,
    *,
    depth: Annotated[
        int,
        typer.Option(
            metavar="LEVELS",
            parser=parser(values.whole_number),
            help="Levels of folders below PREFIX to show.",
        ),
    ] = 1,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show totals: bytes, objects, folder. The last line is the total of PREFIX.

    With several buckets and without PREFIX, the buckets are the first level; the last line is their
    sum.

    The totals of the bucket and its folders are updated with every change, so this reads a few
    rows however many objects there are. Changes are gathered before they are counted (setting
    totals_window): stderr says up to when all are in the totals, in UTC. Folders have totals down
    to the setting totals_depth. Below that, or if PREFIX does not end with a slash, the rows are
    read and counted instead, and stderr says so.

    For example:

        reinventure du
        reinventure du photos/ --depth 2
    """
    catalog = reinventure.open(stack, profile=profile, region=region)
    show = row_output.total_json if json else row_output.total_line
    where = str(place)
    if catalog.has_totals(where, depth=depth):
        totals = catalog.totals(where, depth=depth)
    else:
        with Steps() as steps:
            steps.begin(f"Counting the rows under '{where}'" if where else "Counting all rows")
            totals = catalog.totals(where, depth=depth, progress=steps.advance)
    for each in (*totals.folders, totals):
        print(show(each))
    if totals.counted_until:
        print(f"Counted up to {utc(totals.counted_until)}.", file=sys.stderr)
    else:
        print(
            f"Read {totals.objects:,} rows: only whole folders have totals, down to "
            f"{catalog.deployed.outputs.totals_depth} levels (setting totals_depth).",
            file=sys.stderr,
        )


def find(
    place: Prefix = EVERYWHERE,
    *,
    suffix: Annotated[str, typer.Option(help="Only keys that end with this.")] = "",
    larger: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=parser(values.size),
            help="Only objects larger than this: 10k, 1.5GB.",
        ),
    ] = None,
    smaller: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=parser(values.size),
            help="Only objects smaller than this: 1, 2MiB.",
        ),
    ] = None,
    newer: Annotated[
        datetime | None,
        typer.Option(
            metavar="WHEN",
            parser=parser(values.instant),
            help="Only objects changed at or after this time: 24h.",
        ),
    ] = None,
    older: Annotated[
        datetime | None,
        typer.Option(
            metavar="WHEN",
            parser=parser(values.instant),
            help="Only objects last changed before this time: 2026-01-31.",
        ),
    ] = None,
    storage_class: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            parser=parser(values.storage_class),
            help="Only objects in this storage class: GLACIER.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            parser=parser(values.requester),
            help="Only objects last changed by this principal id, session or account.",
        ),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            parser=parser(values.content_type),
            help="Only objects with this content: text/csv, 'image/*'.",
        ),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            metavar="SHA256",
            parser=parser(values.sha256),
            help="Only objects with this SHA-256, in hexadecimal digits.",
        ),
    ] = None,
    wider: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            parser=parser(values.whole_number),
            help="Only images wider than this.",
        ),
    ] = None,
    rows_over: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            parser=parser(values.whole_number),
            help="Only tables with more rows than this.",
        ),
    ] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted objects, with the time of their deletion.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="COUNT",
            parser=parser(partial(values.whole_number, minimum=1)),
            help="Stop after this number of results.",
        ),
    ] = None,
    bucket: BucketName = None,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Find objects, or deleted objects, by their properties, in key order.

    SIZE is in bytes or has a unit, up to PB: k, MB and GB are powers of 1000; Ki, MiB and GiB are
    powers of 1024. WHEN is a date, a date and time (UTC unless it has a zone), or an age: 90m, 24h,
    7d, 2w.

    --class GLACIER finds what S3 listed in that class: the class of an upload is known from the
    first transition, restore or `reinventure repair` on; until then it counts as STANDARD. --by
    finds by requester, as S3's event names it: a user or role by id (AIDA..., AROA...), a session
    by its name; with the transport eventbridge only the account. With --deleted, who deleted it.

    --type, --sha256, --wider and --rows-over match the results of content inspection (setting
    workers): an object that has not been inspected does not match. TYPE is the type of the content,
    not the Content-Type of the upload; it may end with an asterisk. Its case does not matter.

    Only PREFIX reduces the number of rows that are read and paid for; stderr has that number.
    Deleted objects are found for 60 days.

    For example:

        reinventure find logs/ --suffix .gz --larger 1.5GB --newer 7d
        reinventure find --type 'image/*' --wider 4000
        reinventure find --larger 1GB --bucket '*'
        reinventure find --class GLACIER
        reinventure find --deleted --by alice
    """
    # Before AWS is asked.
    if deleted:
        check_deleted(
            larger=larger,
            smaller=smaller,
            storage_class=storage_class,
            content_type=content_type,
            sha256=sha256,
            wider=wider,
            rows_over=rows_over,
        )
    place = chosen_buckets.in_bucket(place, bucket)
    catalog = reinventure.open(stack, profile=profile, region=region)
    matching = catalog.find(
        str(place),
        every_bucket=bucket == EVERY_BUCKET,
        suffix=suffix,
        larger=larger,
        smaller=smaller,
        newer=newer,
        older=older,
        storage_class=storage_class,
        by=by,
        content_type=content_type,
        sha256=sha256,
        wider=wider,
        rows_over=rows_over,
        deleted=deleted,
        limit=limit,
    )
    show = row_output.row_json if json else row_output.row_line
    if bucket == EVERY_BUCKET and not json:
        show = row_output.row_line_of_bucket
    found = 0
    for row in matching:
        found += 1
        print(show(row))
    advice = " Only PREFIX reduces what is read." if matching.rows_read > found else ""
    print(f"Read {matching.rows_read:,} rows to find {found:,}.{advice}", file=sys.stderr)


def stat(
    key: Annotated[
        values.Place,
        typer.Argument(
            metavar="KEY",
            parser=parser(values.key),
            help="The whole key. With several buckets: s3://BUCKET/KEY.",
        ),
    ],
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show everything about one key: its row, its versions in S3, and whether these agree.

    The row has the source of its values: an event itself, or a lookup in S3. Requester and source
    IP are those of the event that made the object, or deleted it. The row of a deleted
    key stays for 60 days. Shows the newest 10 versions.

    Exits with 1 if catalog and bucket differ about the key, or if it is in neither.

    For example:

        reinventure stat photos/cat.jpg
    """
    state = reinventure.open(stack, profile=profile, region=region).stat(str(key))
    if not state.row and not state.versions:
        raise CheckFailedError(f"{key.key!r} is neither in the catalog nor in s3://{state.bucket}")
    print(row_output.key_state_json(state) if json else row_output.key_state_lines(state))
    raise typer.Exit(0 if state.agree else EXIT_CHECK_FAILED)
