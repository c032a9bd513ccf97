"""A version that is right passes its trial and leaves nothing; one that is wrong does not pass."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from s3_catalog.errors import PreTrafficTestError
from s3_catalog.model import object_key as key
from s3_catalog.model import row, sequencer
from s3_catalog.model.change import Change
from s3_catalog.model.event import Event
from s3_catalog.model.row import TEST_BUCKET, Row
from s3_catalog.rollout import pre_traffic_test as trial
from s3_catalog.rollout.pre_traffic_test import PreTrafficTest
from s3_catalog.s3 import record as event
from s3_catalog.table import batch_write as batch
from s3_catalog.table import item
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from s3_catalog.totals.tally import Tally, growth
from tests.component.conftest import SHARDS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/data"


class Version:
    """Lambda with one function: the one in this process. JSON goes in and comes out."""

    def __init__(self, ingest: ModuleType) -> None:
        self._ingest = ingest

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "ingest:7"
        try:
            answer = self._ingest.handler(json.loads(Payload), None)
        except Exception as error:  # noqa: BLE001 (as Lambda does)
            failure = {"errorMessage": str(error), "errorType": type(error).__name__}
            return {"FunctionError": "Unhandled", "Payload": payload(failure)}
        return {"Payload": payload(answer)}


def payload(answer: object) -> io.BytesIO:
    return io.BytesIO(json.dumps(answer).encode())


class EncryptedTables:
    """DynamoDB as it is, but for what it says of a table's key."""

    def __init__(self, dynamodb: "DynamoDBClient", key: str) -> None:
        self._dynamodb = dynamodb
        self._key = key

    def describe_table(self, *, TableName: str) -> Any:  # noqa: ARG002, N803
        described = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": self._key}
        return {"Table": {"SSEDescription": described}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)


@pytest.fixture
def tried(
    ingest: ModuleType, dynamodb: "DynamoDBClient", table: str
) -> Callable[..., PreTrafficTest]:
    def make(key: str = KEY_ARN) -> PreTrafficTest:
        tables: Any = EncryptedTables(dynamodb, key)
        version: Any = Version(ingest)
        return PreTrafficTest(version, tables, "ingest:7", table, SHARDS, KEY_ARN)

    return make


def test_what_is_written_out_is_what_the_rules_say() -> None:
    """The literals of the trial are right today: it is no second implementation."""
    place = trial._place(SHARDS)
    assert place["pk"]["S"] == key.partition(TEST_BUCKET, trial.KEY, SHARDS)
    assert key.decode(trial._ENCODED) == place["sk"]["S"] == trial.KEY


def test_a_version_that_is_right_passes_and_leaves_nothing(
    tried: Callable[..., PreTrafficTest], stored_rows: Callable[[], list[Row]]
) -> None:
    tried().run()
    assert stored_rows() == []
    tried().run()


def test_what_a_trial_that_was_cut_short_left_is_no_hindrance(
    tried: Callable[..., PreTrafficTest],
    monkeypatch: pytest.MonkeyPatch,
    stored_rows: Callable[[], list[Row]],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(trial.PreTrafficTest, "_expect", _cut_short)
        patch.setattr(EncryptedTables, "delete_item", lambda *_, **__: None, raising=False)
        with pytest.raises(TimeoutError):
            tried().run()
    [left] = stored_rows()
    assert left.bucket == TEST_BUCKET
    tried().run()
    assert stored_rows() == []


def _cut_short(*_: object) -> None:
    raise TimeoutError


def overwrites_everything(patch: pytest.MonkeyPatch) -> None:
    def write(store: Store, happened: Event) -> Outcome:
        item = to_item(row.from_event(happened), store.shards)
        store.client.put_item(TableName=store.table, Item=item)
        return Outcome.WRITTEN

    patch.setattr(Store, "write", write)


def writes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "write", lambda *_: Outcome.WRITTEN)


def keeps_what_comes_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("s3_catalog.table.conditions.ACCEPTS_EVENT", "attribute_not_exists(sequencer)")


def decodes_twice(patch: pytest.MonkeyPatch) -> None:
    once = key.decode
    patch.setattr(key, "decode", lambda encoded: once(once(encoded)))


def does_not_decode(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(key, "decode", lambda encoded: encoded)


def hides_the_size(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(item, "OPTIONAL", tuple(name for name in item.OPTIONAL if name != "size"))


def forgets_deletions_too_soon(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(row, "TOMBSTONE_LIFE", row.TOMBSTONE_LIFE / 2)


def ignores_deletions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(event, "_REMOVED", ("LifecycleExpiration:",))


def places_rows_elsewhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(key, "partition", lambda bucket, _key, shards: f"{bucket}#{shards}#1")


def does_not_pad(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sequencer, "canonical", lambda raw: raw)


def raises(patch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ImportError("No module named 'yaml'")

    patch.setattr("s3_catalog.ingestion.delivery.parse", broken)


@pytest.mark.parametrize(
    "mistake",
    [
        overwrites_everything,
        writes_nothing,
        keeps_what_comes_first,
        decodes_twice,
        does_not_decode,
        hides_the_size,
        forgets_deletions_too_soon,
        ignores_deletions,
        places_rows_elsewhere,
        does_not_pad,
        raises,
    ],
)
def test_a_version_that_is_wrong_does_not_pass(
    tried: Callable[..., PreTrafficTest],
    stored_rows: Callable[[], list[Row]],
    monkeypatch: pytest.MonkeyPatch,
    mistake: Callable[[pytest.MonkeyPatch], None],
) -> None:
    assert batch.SIZE > 1  # One record a delivery: the trial goes by Store.write.
    mistake(monkeypatch)
    with pytest.raises(PreTrafficTestError):
        tried().run()


def test_a_table_under_another_key_does_not_pass(tried: Callable[..., PreTrafficTest]) -> None:
    with pytest.raises(PreTrafficTestError, match="is to be encrypted"):
        tried("arn:aws:kms:us-east-1:123456789012:key/other").run()


# Nobody else notices


def probe_rows() -> tuple[Row, Row]:
    old = Row(TEST_BUCKET, trial.KEY, "0" * 32, "t", "ObjectCreated:Put", None, 1, "e", None)
    new = Row(TEST_BUCKET, trial.KEY, "1" * 32, "t", "ObjectCreated:Put", None, 2, "f", None)
    return old, new


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, True), (True, False)])
def test_rows_of_a_trial_are_neither_announced_nor_counted(*, before: bool, after: bool) -> None:
    old, new = probe_rows()
    change = Change(
        "1", "1", 0, TEST_BUCKET, trial.KEY, old if before else None, new if after else None
    )
    assert change.kind is None
    assert growth(change) == Tally()


def test_a_trial_cannot_touch_the_real_bucket_nor_events_the_rows_of_a_trial(
    ingest: ModuleType, bucket: str, stored_rows: Callable[[], list[Row]]
) -> None:
    record: Any = trial._put(datetime.now(UTC), 1)
    with pytest.raises(ingest.IngestError, match="the event is of bucket"):
        ingest.handler({"Records": [record]}, None)
    record["s3"]["bucket"]["name"] = bucket
    with pytest.raises(ingest.IngestError, match="the event is of bucket"):
        ingest.handler({"probe": True, "Records": [record]}, None)
    assert stored_rows() == []
