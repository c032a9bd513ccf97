"""A correct version passes the pre-traffic test and leaves nothing; a wrong one fails."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from s3_catalog.exceptions import PreTrafficTestError
from s3_catalog.model import object_key as key
from s3_catalog.model import row, sequencer
from s3_catalog.model.change import Change
from s3_catalog.model.event import Event
from s3_catalog.model.row import TEST_BUCKET, Row
from s3_catalog.rollout import pre_traffic_test
from s3_catalog.rollout.pre_traffic_test import PreTrafficTest
from s3_catalog.s3 import record as event
from s3_catalog.table import batch_write as batch
from s3_catalog.table import item
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from s3_catalog.totals.tally import Tally, growth
from tests.component.conftest import SHARDS
from tests.doubles import row as make_row

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/data"


class Version:
    """Lambda with one function, in this process. Events and replies are JSON, as in Lambda."""

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
    """DynamoDB, but each table is encrypted under `key`."""

    def __init__(self, dynamodb: "DynamoDBClient", key: str) -> None:
        self._dynamodb = dynamodb
        self._key = key

    def describe_table(self, *, TableName: str) -> Any:  # noqa: ARG002, N803
        described = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": self._key}
        return {"Table": {"SSEDescription": described}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)


@pytest.fixture
def make_test(
    ingest: ModuleType, dynamodb: "DynamoDBClient", table: str
) -> Callable[..., PreTrafficTest]:
    def make(key: str = KEY_ARN) -> PreTrafficTest:
        tables: Any = EncryptedTables(dynamodb, key)
        version: Any = Version(ingest)
        return PreTrafficTest(version, tables, "ingest:7", table, SHARDS, KEY_ARN)

    return make


def test_the_literals_agree_with_the_code() -> None:
    """The literals of the test agree with today's rules for keys and partitions."""
    place = pre_traffic_test._place(SHARDS)
    assert place["pk"]["S"] == key.partition(TEST_BUCKET, pre_traffic_test.KEY, SHARDS)
    assert key.decode(pre_traffic_test._ENCODED) == place["sk"]["S"] == pre_traffic_test.KEY


def test_a_correct_version_passes_and_leaves_nothing(
    make_test: Callable[..., PreTrafficTest], stored_rows: Callable[[], list[Row]]
) -> None:
    make_test().run()
    assert stored_rows() == []
    make_test().run()


def test_the_row_of_an_interrupted_test_is_replaced(
    make_test: Callable[..., PreTrafficTest],
    monkeypatch: pytest.MonkeyPatch,
    stored_rows: Callable[[], list[Row]],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pre_traffic_test.PreTrafficTest, "_expect", _interrupted)
        patch.setattr(EncryptedTables, "delete_item", lambda *_, **__: None, raising=False)
        with pytest.raises(TimeoutError):
            make_test().run()
    [left] = stored_rows()
    assert left.bucket == TEST_BUCKET
    make_test().run()
    assert stored_rows() == []


def _interrupted(*_: object) -> None:
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
    patch.setattr(event, "REMOVED", ("LifecycleExpiration:",))


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
def test_a_wrong_version_fails(
    make_test: Callable[..., PreTrafficTest],
    stored_rows: Callable[[], list[Row]],
    monkeypatch: pytest.MonkeyPatch,
    mistake: Callable[[pytest.MonkeyPatch], None],
) -> None:
    assert batch.SIZE > 1  # One record a delivery: the test uses Store.write.
    mistake(monkeypatch)
    with pytest.raises(PreTrafficTestError):
        make_test().run()


def test_a_table_under_another_key_fails(make_test: Callable[..., PreTrafficTest]) -> None:
    with pytest.raises(PreTrafficTestError, match="expected encryption"):
        make_test("arn:aws:kms:us-east-1:123456789012:key/other").run()


# Totals and the change feed ignore the rows


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, True), (True, False)])
def test_rows_of_the_test_bucket_are_neither_published_nor_counted(
    *, before: bool, after: bool
) -> None:
    key = pre_traffic_test.KEY
    old = make_row(key, bucket=TEST_BUCKET, size=1) if before else None
    new = make_row(key, bucket=TEST_BUCKET, size=2) if after else None
    change = Change("1", "1", 0, TEST_BUCKET, key, old, new)
    assert change.kind is None
    assert growth(change) == Tally()


def test_test_events_and_real_events_have_their_own_bucket(
    ingest: ModuleType, bucket: str, stored_rows: Callable[[], list[Row]]
) -> None:
    record: Any = pre_traffic_test._put(datetime.now(UTC), 1)
    assert ingest.handler({"Records": [record]}, None)["ignored"] == 1
    record["s3"]["bucket"]["name"] = bucket
    assert ingest.handler({"probe": True, "Records": [record]}, None)["ignored"] == 1
    assert stored_rows() == []
