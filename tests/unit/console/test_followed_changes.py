"""The changes as they come: what a page gets of each, and the end of the queue."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.change_watcher import Arrival, Watch
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import followed_changes
from reinventure.console.event_stream import EventStream
from reinventure.console.followed_changes import FollowedChanges, data
from reinventure.console.served import Served
from s3_catalog.model.timestamps import utc_now
from tests.unit.console.asgi_browser import Browser

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"
SENT = datetime(2026, 11, 26, 12, 0, 0, 250_000, tzinfo=UTC)


def arrival(key: str = "a", **changes: Any) -> Arrival:
    message = {
        "id": "1",
        "bucket": "photos",
        "key": key,
        "kind": "created",
        "time": "2026-11-26T12:00:00.123Z",
        "event": "ObjectCreated:Put",
        "new": {"size": 2048},
        **changes,
    }
    return Arrival(message, SENT)


def test_a_change_as_a_page_shows_it() -> None:
    found = data(arrival(HOSTILE))
    assert (found["bucket"], found["milliseconds"]) == ("photos", 127.0)
    assert found["texts"] == {
        "time": "12:00:00",
        "kind": "created",
        "key": "<img src=x onerror=alert(1)>\\u202e\\x1b[31m",
        "size": "2.0 kB",
        "delay": "+127 ms",
    }


@pytest.mark.parametrize("event", ["Reconciled", "OutOfScope"])
def test_a_change_without_an_event_has_no_delay(event: str) -> None:
    found = data(arrival(event=event, new=None, kind="deleted"))
    assert found["milliseconds"] is None
    assert found["texts"] == {
        "time": "12:00:00",
        "kind": "deleted",
        "key": "a",
        "size": "",
        "delay": "",
    }


def test_clocks_that_differ_give_no_negative_delay() -> None:
    assert data(arrival(time="2026-11-26T12:00:01.000Z"))["milliseconds"] == 0.0


def test_changes_of_the_queue_reach_the_stream_of_events_until_it_stops(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_changes, "_POLL_SECONDS", 0)
    events = EventStream(run="r")
    # Of several buckets, none is chosen.
    many = replace(catalog, outputs=replace(catalog.outputs, attached_buckets="logs"))
    changes = FollowedChanges(many, events)
    sqs = catalog.session.client("sqs")
    prefix = f"{catalog.stack}-watch-"
    before = set(sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []))
    thread = threading.Thread(target=changes.follow)
    thread.start()
    try:
        added = set[str]()
        while not added:
            assert thread.is_alive()
            added = set(sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])) - before
        message = {
            **arrival(HOSTILE).message,
            "bucket": catalog.bucket,
            "time": (utc_now() - timedelta(seconds=1)).isoformat(),
            "sequencer": "1",
            "asked_at": None,
        }
        sqs.send_message(
            QueueUrl=added.pop(),
            MessageBody=json.dumps(message),
            MessageGroupId="g",
            MessageDeduplicationId="d",
        )
        while not changes.last():
            assert thread.is_alive()
            thread.join(0.01)
    finally:
        changes.stop()
        thread.join()
    [event] = events.since("r-0") or []
    assert event.name == "change"
    assert json.loads(event.data)["bucket"] == catalog.bucket
    assert changes.delays.last(timedelta(minutes=5), utc_now()).count == 1
    assert set(sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])) == before


def test_after_an_error_of_aws_it_says_why_and_starts_again(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_changes, "_RETRY_SECONDS", 0)
    events = EventStream(run="r")
    changes = FollowedChanges(catalog, events)
    problems: list[str | None] = []
    failures = [ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CreateQueue")]

    @contextmanager
    def arriving(_: Watch) -> Iterator[Iterator[Arrival]]:
        if failures:
            raise failures.pop()
        problems.append(changes.problem)
        changes.stop()
        yield iter([arrival()])

    monkeypatch.setattr(Watch, "arriving", arriving)
    changes.follow()
    assert "AccessDenied" in (problems[0] or "")
    assert [event.name for event in events.since("r-0") or []] == [
        "following",
        "following",
        "change",
    ]
    assert changes.problem is None


def test_the_page_lists_the_last_changes_with_hostile_keys_as_text(
    browser: Browser, here: Served
) -> None:
    here.changes._add(arrival("first"))
    here.changes._add(arrival(HOSTILE))
    text = browser.get("/").text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;\\u202e\\x1b[31m" in text
    assert text.index("&lt;img") < text.index(">first<")
