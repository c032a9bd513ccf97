"""Any delivery is catalogued, ignored, or reported as a failure; none raises another exception."""

import json
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.ingestion.delivery import ingest
from s3_catalog.model import row as rows
from s3_catalog.model.event import Event
from s3_catalog.model.row import Row
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import from_item, to_item
from s3_catalog.table.store import Outcome, Store
from tests.s3_events import event
from tests.unit.conftest import BUCKET


class Table:
    """A store that accepts every row that can be sent to DynamoDB."""

    def write(self, happened: Event) -> Outcome:
        self.replace(None, rows.from_event(happened))
        return Outcome.WRITTEN

    def read(self, _bucket: str, _key: str) -> None:
        return None

    def replace(self, _seen: Row | None, row: Row) -> bool:
        json.dumps(to_item(row, 16)).encode()
        assert from_item(to_item(row, 16)) == row
        return True


class Empty:
    """An S3 client of an empty bucket."""

    def list_object_versions(self, **_request: object) -> dict[str, object]:
        return {}


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(store: Store, events: list[Event]) -> list[batch.Result]:
        return [store.write(happened) for happened in events]

    monkeypatch.setattr(batch, "write", write)


junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),  # lone surrogates too
    st.sampled_from(
        ["", "%", "%FF", "%00", ".", "..", "\n", "0" * 40, "9" * 400, {}, [], "🚀" * 256]
    ),
    st.datetimes().map(str),
)


def mutilated(base: Any) -> st.SearchStrategy[Any]:
    """`base` with some of its values replaced by junk, at any depth."""
    sound: st.SearchStrategy[Any]
    if isinstance(base, dict):
        sound = st.fixed_dictionaries({key: mutilated(value) for key, value in base.items()})
    elif isinstance(base, list):
        sound = st.tuples(*map(mutilated, base)).map(lambda values: [*values])
    else:
        sound = st.just(base)
    return st.integers(0, 11).flatmap(lambda chance: sound if chance else junk)


SHAPES = [
    "put",
    "lifecycle_transition",
    "eventbridge_storage_class_changed",
    "delete",
    "lifecycle_delete_unversioned",
    "complete_multipart_upload_long",
    "two_records",
    "test_event",
    "eventbridge_created",
    "eventbridge_lifecycle",
    "eventbridge_permanently_deleted",
]


@st.composite
def deliveries(draw: st.DrawFn) -> Any:
    content = draw(st.sampled_from(SHAPES).flatmap(lambda name: mutilated(event(name))))
    wrapping = draw(st.sampled_from(["none", "sqs", "sns"]))
    if wrapping == "none":
        return content
    if wrapping == "sns":
        content = {"Type": "Notification", "Message": json.dumps(content)}
    body = json.dumps(content)
    cut = draw(st.sampled_from([len(body)] * 4 + [len(body) // 2]))
    return draw(mutilated(queued(body[:cut])))


def queued(body: str) -> Any:
    return {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": body}]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
def test_every_failure_has_a_short_reason(delivery: Any) -> None:
    bucket = Bucket(lambda: cast("Any", Empty()), BUCKET)
    report = ingest(delivery, cast("Store", Table()), bucket)
    for reasons in report.failures.values():
        assert reasons
        assert all(len(reason) < 500 for reason in reasons)


@pytest.mark.parametrize(
    "key", [".", "..", "a/../b", "line\nfeed", "nul\0", "\r", "\x7f", "🚀" * 256, "+", "%2B", " "]
)
def test_every_key_that_s3_allows_is_catalogued(key: str) -> None:
    notification = event("eventbridge_created")
    notification["detail"]["object"]["key"] = key
    report = ingest(notification, cast("Store", Table()), Bucket(lambda: cast("Any", 0), BUCKET))
    assert (report.written, dict(report.failures)) == (1, {})
