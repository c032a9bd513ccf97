"""How what the commands found is shown: to a person, and to a program."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from rich import filesize

from reinventure.aws.dead_letters import DeadLetter
from reinventure.aws.deployed_catalog import MAX_VERSIONS, Known
from reinventure.aws.key_use import KeyUse
from reinventure.cli.duplicate_contents import Copies
from reinventure.printable import printable
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject, Version
from s3_catalog.reconciliation.difference import Difference
from s3_catalog.totals.tally import Total


def row_line(row: Row) -> str:
    """Return `row` as `aws s3 ls` shows an object: time, size in bytes or "deleted", key."""
    time = row.event_time[:19].replace("T", " ")
    size = "deleted" if row.deleted else row.size
    return f"{time} {size:>14} {printable(row.key)}"


def row_as_json(row: Row) -> str:
    """Return `row` as one line of JSON, keys of objects unchanged; a tombstone says `deleted`."""
    return json.dumps(_fields(row), ensure_ascii=False)


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
    if row.inspected:
        fields["inspected"] = dict(_found(row.inspected))
    return fields


def _found(inspection: InspectionResult) -> Iterator[tuple[str, object]]:
    """Yield name and value of what was found inside an object."""
    for name, value in asdict(inspection).items():
        if value is not None:
            yield name, value


def total_line(total: Total) -> str:
    """Return `total` for a person: bytes in units of a thousand, objects, folder."""
    where = printable(total.folder) or "(the bucket)"
    return f"{filesize.decimal(total.bytes):>12} {total.objects:>14,}  {where}"


def total_as_json(total: Total) -> str:
    """Return `total` as one line of JSON."""
    return json.dumps(
        {"folder": total.folder, "objects": total.objects, "bytes": total.bytes},
        ensure_ascii=False,
    )


_COPIES_SHOWN = 10
"""Keys of the same content that are shown to a person."""


def copies_lines(copies: Copies) -> str:
    """Return `copies` for a person: bytes wasted, how many of which size, SHA-256, keys."""
    lost = filesize.decimal(copies.wasted)
    lines = [f"{lost:>10} wasted: {copies.count:,} x {copies.size:,} bytes, {copies.sha256}"]
    lines += [f"    {printable(key)}" for key in islice(copies.keys(), _COPIES_SHOWN)]
    if copies.count > _COPIES_SHOWN:
        lines.append(f"    and {copies.count - _COPIES_SHOWN:,} more (--json names them all)")
    return "\n".join(lines)


def copies_as_json(copies: Copies) -> str:
    """Return `copies` as one line of JSON, with every key."""
    return json.dumps(
        {
            "sha256": copies.sha256,
            "size": copies.size,
            "count": copies.count,
            "wasted": copies.wasted,
            "keys": list(copies.keys()),
        },
        ensure_ascii=False,
    )


def known_lines(known: Known) -> str:
    """Return `known` for a person: what the row says, what S3 lists, and whether they agree."""
    row = known.row
    named = [
        ("key", known.key),
        ("bucket", known.bucket),
        ("partition", known.partition),
    ]
    if row is None:
        named.append(("row", "none"))
    else:
        time = f"{row.event_time[:-1].replace('T', ' ')} UTC"
        if row.deleted:
            named.append(("deleted", f"{time}, by {row.event_name}"))
            named.append(("remembered", f"until {_utc(_expiry(row))}"))
        else:
            named.append(("changed", f"{time}, by {row.event_name}"))
            named.append(("size", f"{row.size:,} bytes"))
            named.append(("etag", str(row.etag)))
        named.append(("version", row.version_id or "none"))
        named.append(("sequencer", row.sequencer))
        asked = _asked(row)
        named.append(
            ("source", f"S3's answer, asked {_utc(asked)}" if asked else "the event itself")
        )
        if row.inspected:
            named.extend(
                (name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
                for name, value in _found(row.inspected)
            )
    width = max(len(name) for name, _ in named) + 2
    lines = [f"{name:<{width}}{printable(value)}" for name, value in named]
    heading = f", newest first, at most {MAX_VERSIONS}:" if known.versions else ": none"
    lines += ["", f"Versions in S3{heading}"]
    lines.extend(map(_version_line, known.versions))
    verdict = "agree" if known.agree else "DIFFER"
    return "\n".join([*lines, f"Catalog and bucket {verdict} about this key."])


def _version_line(version: Version) -> str:
    size = "delete marker" if version.size is None else f"{version.size}"
    current = "  current" if version.latest else ""
    time = f"{version.modified.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{time} {size:>14}  {printable(version.version_id)}{current}"


def known_as_json(known: Known) -> str:
    """Return `known` as one line of JSON, times in UTC."""
    row: dict[str, object] | None = None
    if known.row:
        asked = _asked(known.row)
        row = {
            **_fields(known.row),
            "deleted": known.row.deleted,
            "remembered_until": _expiry(known.row).isoformat() if known.row.deleted else None,
            "asked_at": asked.isoformat() if asked else None,
        }
    return json.dumps(
        {
            "bucket": known.bucket,
            "key": known.key,
            "partition": known.partition,
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
                for version in known.versions
            ],
            "agree": known.agree,
        },
        ensure_ascii=False,
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _asked(row: Row) -> datetime | None:
    if row.asked_at is None:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row.asked_at)


def _expiry(row: Row) -> datetime:
    return datetime.fromtimestamp(row.expires_at or 0, UTC)


def difference_line(difference: Difference) -> str:
    """Return `difference` for a person: its kind, the key, and what each side says."""
    stored, row = difference.stored, difference.row
    bucket = f"{stored.size} bytes, {stored.etag}" if stored else "nothing"
    catalog = f"{row.size} bytes, {row.etag}" if row else "nothing"
    return (
        f"{difference.kind.value:<7} {printable(difference.key)}  "
        f"(bucket: {bucket}; catalog: {catalog})"
    )


def difference_as_json(difference: Difference) -> str:
    """Return `difference` as one line of JSON."""

    def side(known: StoredObject | Row | None) -> dict[str, object] | None:
        if known is None:
            return None
        return {"size": known.size, "etag": known.etag, "version_id": known.version_id}

    return json.dumps(
        {
            "kind": difference.kind.value,
            "key": difference.key,
            "bucket": side(difference.stored),
            "catalog": side(difference.row),
        },
        ensure_ascii=False,
    )


def change_line(message: Mapping[str, Any]) -> str:
    """Return a message of the change feed for a person: time, kind, size in bytes, key."""
    time = message["time"][:19].replace("T", " ")
    size = message["new"]["size"] if message["new"] else "-"
    return f"{time} {message['kind']:<7} {size:>14} {printable(message['key'])}"


def change_as_json(message: Mapping[str, Any]) -> str:
    """Return a message of the change feed as one line of JSON."""
    return json.dumps(message, ensure_ascii=False)


_KEYS_SHOWN = 5
"""Keys of a failed event that are shown to a person."""


def failure_lines(failure: DeadLetter) -> str:
    """Return `failure` for a person, in a few lines."""
    keys = ", ".join(map(printable, failure.keys[:_KEYS_SHOWN])) or "none that can be read"
    more = f" and {len(failure.keys) - _KEYS_SHOWN} more" if len(failure.keys) > _KEYS_SHOWN else ""
    return (
        f"{failure.id}  {failure.failed_at:%Y-%m-%d %H:%M:%S}  {printable(failure.where)}\n"
        f"  why:  {printable(failure.reason)}\n"
        f"  keys: {keys}{more}"
    )


def failure_as_json(failure: DeadLetter) -> str:
    """Return `failure` as one line of JSON, with what was delivered."""
    return json.dumps(
        {
            "id": failure.id,
            "failed_at": failure.failed_at.isoformat(),
            "where": failure.where,
            "reason": failure.reason,
            "keys": failure.keys,
            "payload": failure.payload,
        },
        ensure_ascii=False,
    )


def key_use_line(use: KeyUse) -> str:
    """Return `use` for a person: time, key, call, who, via what, for what, and why if refused."""
    via = f" via {use.via}" if use.via else ""
    purpose = " ".join(f"{name}={value}" for name, value in use.purpose.items())
    what = f" for {purpose}" if purpose else ""
    refused = f" REFUSED {use.error}" if use.error else ""
    names = "+".join(use.keys)
    return printable(
        f"{use.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} {names:<5} {use.call:<17} "
        f"{use.who}{via}{what}{refused}"
    )


def key_use_as_json(use: KeyUse) -> str:
    """Return `use` as one line of JSON, the time in UTC."""
    return json.dumps(
        {
            "id": use.id,
            "time": use.time.astimezone(UTC).isoformat(),
            "keys": use.keys,
            "call": use.call,
            "who": use.who,
            "via": use.via,
            "purpose": use.purpose,
            "error": use.error,
            "source": use.source,
        },
        ensure_ascii=False,
    )
