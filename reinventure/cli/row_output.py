"""Rows, totals and single keys, as a line for a person or as JSON for a program."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from rich import filesize

from reinventure.aws.deployed_catalog import MAX_VERSIONS, KeyState
from reinventure.cli.time_output import event_time, utc
from reinventure.printable import printable, printable_json
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import IN_PROGRESS, Version
from s3_catalog.table.row_query import Listed
from s3_catalog.totals.tally import Total


def row_line(row: Row) -> str:
    """Return `row` in the layout of `aws s3 ls`: time in UTC, size in bytes or "deleted", key."""
    return _line(row.event_time, "deleted" if row.deleted else row.size, row.key)


def listed_line(listed: Listed) -> str:
    """Return the line of an object in a listing, which is that of its row."""
    return _line(listed.event_time, listed.size, listed.key)


def row_line_of_bucket(row: Row) -> str:
    """Return the line of `row` with a URL in place of the key."""
    return row_line(replace(row, key=url(row)))


def url(row: Row) -> str:
    """Return the URL of the object of `row`."""
    return f"s3://{row.bucket}/{row.key}"


def row_json(row: Row) -> str:
    """Return `row` as one line of JSON, the key unchanged; a tombstone has `deleted`."""
    return printable_json(_fields(row))


def total_line(total: Total) -> str:
    """Return `total` for a person: bytes in units of a thousand, objects, folder."""
    where = printable(total.folder) or "(the bucket)"
    return f"{filesize.decimal(total.bytes):>12} {total.objects:>14,}  {where}"


def total_json(total: Total) -> str:
    """Return `total` as one line of JSON."""
    return printable_json({"folder": total.folder, "objects": total.objects, "bytes": total.bytes})


def key_state_lines(state: KeyState) -> str:
    """Return `state` for a person: the row, the versions in S3, and whether they agree."""
    named = [("key", state.key), ("bucket", state.bucket), ("partition", state.partition)]
    named.extend(_properties(state.row) if state.row else [("row", "none")])
    width = max(len(name) for name, _ in named) + 2
    lines = [f"{name:<{width}}{printable(value)}" for name, value in named]
    heading = f", newest first, at most {MAX_VERSIONS}:" if state.versions else ": none"
    lines += ["", f"Versions in S3{heading}"]
    lines.extend(map(_version_line, state.versions))
    result = "agree" if state.agree else "DIFFER"
    return "\n".join([*lines, f"Catalog and bucket {result} about this key."])


def key_state_json(state: KeyState) -> str:
    """Return `state` as one line of JSON, times in UTC."""
    row: dict[str, object] | None = None
    if state.row:
        lookup = _lookup_time(state.row)
        row = {
            **_fields(state.row),
            "deleted": state.row.deleted,
            "remembered_until": _expiry(state.row).isoformat() if state.row.deleted else None,
            "asked_at": lookup.isoformat() if lookup else None,
        }
    return printable_json(
        {
            "bucket": state.bucket,
            "key": state.key,
            "partition": state.partition,
            "row": row,
            "versions": [
                {
                    "version_id": version.version_id,
                    "modified": version.modified.astimezone(UTC).isoformat(),
                    "size": version.size,
                    "etag": version.etag,
                    "delete_marker": version.size is None,
                    "current": version.latest,
                }
                for version in state.versions
            ],
            "agree": state.agree,
        }
    )


def _line(time: str, size: int | str | None, key: str) -> str:
    return f"{event_time(time)} {size:>14} {printable(key)}"


def _fields(row: Row) -> dict[str, object]:
    fields: dict[str, object] = {
        "bucket": row.bucket,
        "key": row.key,
        "size": row.size,
        "etag": row.etag,
        "version_id": row.version_id,
        "sequencer": row.sequencer,
        "event_time": row.event_time,
        "event_name": row.event_name,
    }
    if row.deleted:
        fields["deleted"] = True
    for name in ("requester", "source_ip", "storage_class", "checksum_algorithm", "restore"):
        if value := getattr(row, name):
            fields[name] = value
    if row.inspected:
        fields["inspected"] = dict(_results(row.inspected))
    return fields


def _results(inspection: InspectionResult) -> Iterator[tuple[str, object]]:
    """Yield name and value of each result of content inspection."""
    for name, value in asdict(inspection).items():
        if value is not None:
            yield name, value


def _properties(row: Row) -> Iterator[tuple[str, str]]:
    time = row.event_time.replace("T", " ")
    if row.deleted:
        yield "deleted", f"{time}, by {row.event_name}"
        yield "expires", utc(_expiry(row))
    else:
        yield "changed", f"{time}, by {row.event_name}"
        yield "size", f"{row.size:,} bytes"
        yield "etag", str(row.etag)
        yield "class", row.storage_class or "STANDARD or not yet known"
        if row.restore:
            progress = "in progress" if row.restore == IN_PROGRESS else f"until {row.restore}"
            yield "restore", progress
        if row.checksum_algorithm:
            yield "checksum", row.checksum_algorithm
    yield "requester", row.requester or "not known"
    yield "source ip", row.source_ip or "not known"
    yield "version", row.version_id or "none"
    yield "sequencer", row.sequencer
    lookup = _lookup_time(row)
    yield "source", f"lookup in S3 at {utc(lookup)}" if lookup else "the event itself"
    if row.inspected:
        for name, value in _results(row.inspected):
            text = f"{value:,}" if isinstance(value, int) else str(value)
            yield name.replace("_", " "), text


def _version_line(version: Version) -> str:
    size = "delete marker" if version.size is None else f"{version.size}"
    current = "  current" if version.latest else ""
    time = utc(version.modified)
    return f"{time} {size:>14}  {printable(version.version_id)}{current}"


def _lookup_time(row: Row) -> datetime | None:
    if row.asked_at is None:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row.asked_at)


def _expiry(row: Row) -> datetime:
    return datetime.fromtimestamp(row.expires_at or 0, UTC)
