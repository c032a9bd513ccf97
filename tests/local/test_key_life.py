"""One key's life, told by the lines that the functions log on the local cloud."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.key_log_reader import KeyLogReader
from reinventure.console.key_life import Entry, Tone, life
from reinventure.contract import CATALOG
from s3_catalog.model.timestamps import utc_now
from tests.waiting import wait_until

KEY = 'life/he said "hi" \\ * { $.key = "*" }\n<img src=x onerror=alert(1)>\u202e.txt'


def lines(catalog: DeployedCatalog, *messages: str) -> list[dict[str, Any]]:
    """The lines of the key with these messages, or all."""
    reader = KeyLogReader(catalog.session, (CATALOG,))
    found = reader.lines(catalog.bucket, KEY, utc_now() - timedelta(hours=1))
    return [line for line in found if not messages or line["message"] in messages]


def told(catalog: DeployedCatalog) -> list[Entry]:
    state = catalog.key_state(KEY)
    return life(lines(catalog), state.row, state.versions, equal=state.agree)


def deliver_again(catalog: DeployedCatalog, arrived: dict[str, Any]) -> None:
    """Invoke `ingest` with an event that it had before."""
    record = {
        "eventSource": "aws:s3",
        "eventName": arrived["event_name"],
        "eventTime": arrived["event_time"],
        "s3": {
            "bucket": {"name": catalog.bucket},
            "object": {
                # As S3 encodes it.
                "key": "".join(f"%{byte:02X}" for byte in KEY.encode()),
                "size": arrived["size"],
                "eTag": "of-the-old-event",
                "sequencer": arrived["sequencer"],
                "versionId": arrived["version_id"],
            },
        },
    }
    reply = catalog.session.client("lambda").invoke(
        FunctionName=catalog.outputs.ingest_arn, Payload=json.dumps({"Records": [record]})
    )
    assert "FunctionError" not in reply, reply["Payload"].read()


def has_followed(catalog: DeployedCatalog, changes: int) -> bool:
    """Whether so many changes of the key are counted and published."""
    return len(lines(catalog, "counted", "published")) == 2 * changes


def test_a_late_duplicate_is_superseded_with_its_reason(catalog: DeployedCatalog) -> None:
    for number, body in enumerate((b"1", b"22"), 1):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=KEY, Body=body)
        wait_until(partial(has_followed, catalog, number))
    [first, second] = lines(catalog, "arrived")
    assert first["sequencer"] < second["sequencer"]
    deliver_again(catalog, first)
    wait_until(lambda: len(lines(catalog, "decided")) == 3)

    entries = told(catalog)
    puts = [entry for entry in entries if entry.title.startswith("Put")]
    assert [(entry.title, entry.tone, entry.clause) for entry in puts] == [
        ("Put 1 byte", Tone.PAST, "ROW_MISSING"),
        ("Put 2 bytes", Tone.CURRENT, "EVENT_IS_NEWER"),
        ("Put 1 byte", Tone.SUPERSEDED, "EVENT_IS_NEWER"),
    ]
    assert "Superseded: the row already has" in puts[2].sentence
    assert ("size", "1", "2") in puts[1].changed
    assert puts[2].changed == []
    followed = {entry.title for entry in entries if entry.tone is Tone.FOLLOWED}
    assert followed == {"Counted", "Published"}
    assert any(entry.sentence == "+1 object, +1 byte in / and life/." for entry in entries)
    assert entries[-1].tone is Tone.EQUAL
    delays = [entry.delay for entry in entries[:-1]]
    assert all(delay is not None for delay in delays)
