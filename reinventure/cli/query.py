"""Commands that ask the catalog."""

import re
import sys
from itertools import islice
from typing import Annotated

import typer

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.connection import session
from reinventure.cli import output
from reinventure.cli import values as measure
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack, instant
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, UserError
from reinventure.printable import printable
from reinventure.progress import Steps
from s3_catalog.model import object_key
from s3_catalog.model.timestamps import utc_now
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter
from s3_catalog.totals.tally import level, sums


def ls(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the catalog in key order: time of the last change, size in bytes, key.

    Reads DynamoDB, not S3, and prints while it reads. Characters that would move the cursor are
    spelled out; --json gives every key exactly, with ETag, version and sequencer.
    """
    catalog = deployed.find(session(profile, region), stack)
    show = output.row_as_json if json else output.row_line
    for row in catalog.rows(prefix):
        print(show(row))


def du(
    prefix: Prefix = "",
    *,
    depth: Annotated[
        int, typer.Option(min=0, help="How many levels of folders below PREFIX to show.")
    ] = 1,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show how much is under PREFIX: bytes, objects, folder. The last line is the whole.

    The totals of the bucket and its folders are kept up to date change by change, so this reads a
    few rows, however many objects there are. Folders are counted to the depth that the stack is
    deployed with; below it, or for a PREFIX that does not end with a slash, the rows themselves
    are read and counted, and stderr says so.
    """
    catalog = deployed.find(session(profile, region), stack)
    show = output.total_as_json if json else output.total_line
    totals = catalog.totals()
    if totals.counts(prefix) and level(prefix) + depth <= totals.depth:
        for folder in totals.below(catalog.bucket, prefix, depth):
            print(show(folder))
        print(show(totals.total(catalog.bucket, prefix)))
        return
    with Steps() as steps:
        steps.begin(f"Counting the rows under {printable(prefix)!r}")
        whole, folders = sums(steps.each(catalog.rows(prefix)), prefix, depth)
    for folder in folders:
        print(show(folder))
    print(show(whole))
    print(
        f"Read {whole.objects:,} rows: totals are kept of whole folders, {totals.depth} levels "
        "deep (setting totals_depth).",
        file=sys.stderr,
    )


def find(
    prefix: Prefix = "",
    *,
    suffix: Annotated[str, typer.Option(help="Only keys that end with this.")] = "",
    larger: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only objects of more bytes: 10k, 2GiB.")
    ] = None,
    smaller: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only objects of fewer bytes: 1, 5MB.")
    ] = None,
    newer: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only what changed then or since: 24h.")
    ] = None,
    older: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only what has not changed since: 2026-01-31."),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="Only this content: text/csv, 'image/*'."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="Only what has this SHA-256.")
    ] = None,
    wider: Annotated[
        int | None, typer.Option(min=0, metavar="PIXELS", help="Only pictures that are wider.")
    ] = None,
    rows_over: Annotated[
        int | None, typer.Option(min=0, metavar="ROWS", help="Only tables with more rows.")
    ] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted objects, and when, instead of others.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop reading after that many were found.")
    ] = None,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Find objects in the catalog, or deleted ones, by what is known of them; in key order.

    SIZE is in bytes, or has a unit: k, MB and GB count in thousands, KiB, MiB and GiB in 1024s.
    WHEN is a date or a date and time, in UTC if it names no zone, or an age: 90m, 24h, 7d, 2w.

    --type, --sha256, --wider and --rows-over are about what was found inside (setting workers): an
    object that nobody has looked into yet is not among the answers. TYPE is what the bytes say,
    whatever the uploader said; it may end with an asterisk.

    Only PREFIX narrows what is read, and paid for; the other conditions choose from that. How much
    it was is said on stderr. A deleted object is remembered for 60 days.
    """
    now = utc_now()
    wanted = Filter(
        deleted=deleted,
        larger=_size("--larger", larger),
        smaller=_size("--smaller", smaller),
        newer=instant("--newer", newer, now) if newer is not None else None,
        older=instant("--older", older, now) if older is not None else None,
        content_type=_content_type(content_type),
        sha256=_sha256(sha256),
        wider=wider,
        rows_over=rows_over,
    )
    if deleted and (larger or smaller):
        raise UserError("--deleted with --larger or --smaller: a deleted object has no size.")
    if deleted and any(each is not None for each in (content_type, sha256, wider, rows_over)):
        raise UserError(
            "--deleted with --type, --sha256, --wider or --rows-over: "
            "a deleted object has no content."
        )
    catalog = deployed.find(session(profile, region), stack)
    show = output.row_as_json if json else output.row_line
    reading, found = Reading(), 0
    matching = (row for row in catalog.found(wanted, reading, prefix) if row.key.endswith(suffix))
    for row in islice(matching, limit):
        found += 1
        print(show(row))
    hint = " Only PREFIX narrows what is read." if reading.rows > found else ""
    print(f"Read {reading.rows:,} rows to find {found:,}.{hint}", file=sys.stderr)


def stat(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key, exactly.")],
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show all that is known of one key: its row, its versions in S3, and whether these agree.

    A row holds an event's own word, or what S3 answered when it was asked. A deleted key has one
    for 60 days. Of the versions that S3 keeps, the newest 10 are shown.

    Exits with 1 if catalog and bucket differ about the key, or neither knows it.
    """
    try:
        object_key.check(key)
    except ValueError as error:
        raise UserError(f"no object can have this name: {error}.") from None
    known = deployed.find(session(profile, region), stack).known(key)
    if not known.row and not known.versions:
        nobody = f"neither the catalog nor s3://{known.bucket} knows {key!r}."
        print(f"reinventure: {nobody}", file=sys.stderr)
        raise typer.Exit(EXIT_CHECK_FAILED)
    print(output.known_as_json(known) if json else output.known_lines(known))
    raise typer.Exit(0 if known.agree else EXIT_CHECK_FAILED)


def _size(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else measure.size(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None


def _content_type(text: str | None) -> str | None:
    if text is not None and "*" in text[:-1]:
        raise UserError(f"--type: {text!r} has an asterisk that is not its end. Try 'image/*'.")
    return text


def _sha256(text: str | None) -> str | None:
    if text is not None and not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise UserError(f"--sha256: {text!r} is not 64 hexadecimal digits, as `sha256sum` prints.")
    return text and text.lower()
