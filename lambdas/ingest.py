"""The function that S3 calls: every record of a notification becomes one conditional write."""

import logging
import os
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalog import event, row
from catalog.event import MalformedRecordError
from catalog.store import Store

_log = logging.getLogger("ingest")
_log.setLevel(logging.INFO)

# Made while the function starts, when Lambda gives it a full processor, not at the first event.
_store = Store.from_environment(os.environ)


class IngestError(Exception):
    """Some records could not be catalogued; the message says which and why.

    Raised after all the others were, so that Lambda tries the notification again and, in the
    end, hands it to the failure queue. What was written stays: writing it again changes nothing.
    """


def handler(notification: dict[str, Any], _context: object) -> dict[str, int]:
    """Apply an S3 notification to the catalog.

    Returns how many records were `written`, `stale` (a later event of the key was known) and
    `ignored` (not about an object's existence, like S3's test message).

    Raises IngestError when a record is malformed or could not be written.
    """
    counts = {"written": 0, "stale": 0, "ignored": 0}
    failures: list[str] = []
    for position, record in enumerate(_records(notification)):
        try:
            counts[_apply(record)] += 1
        except (MalformedRecordError, ClientError, BotoCoreError) as error:
            _log.error("record %d failed: %s", position, error)
            failures.append(f"record {position}: {error}")
    if failures:
        raise IngestError("; ".join(failures))
    return counts


def _records(notification: dict[str, Any]) -> list[Any]:
    if notification.get("Event") == "s3:TestEvent":
        _log.info("S3 test message from bucket %s", notification.get("Bucket"))
        return []
    records = notification.get("Records")
    if not isinstance(records, list):
        raise IngestError(f"not an S3 notification: no Records among {sorted(notification)}")
    return records


def _apply(record: object) -> str:
    happened = event.parse(record)
    if happened is None:
        return "ignored"
    outcome = "written" if _store.write(row.from_event(happened)) else "stale"
    _log.info(
        "%s %s",
        happened.name,
        outcome,
        extra={"key": happened.key, "sequencer": happened.sequencer},
    )
    return outcome
