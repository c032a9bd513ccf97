"""The clause in the log is the one that decides in the write rule."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model.event import MULTIPART_UPLOAD, Content, Event
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import microseconds, timestamp
from s3_catalog.table import conditions
from s3_catalog.table.deciding_clause import accepting_clause, refusing_clause, replacing_clause
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Store, _certainly_before
from tests import doubles
from tests.simulator.expression import condition

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TIME = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PUT = "ObjectCreated:Put"


class Request:
    """DynamoDB that keeps the request of a put."""

    class exceptions:  # noqa: N801 (botocore's name)
        ConditionalCheckFailedException = RuntimeError

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.made = request
        return {}


def event(seconds: float = 0, sequencer: str = "0B", name: str = PUT) -> Event:
    time = TIME + timedelta(seconds=seconds)
    return Event("bucket", "key", name, time, sequencer, None, Content(1, "e"))


def row(seconds: float = 0, sequencer: str = "0A", name: str = PUT, **attributes: Any) -> Row:
    time = timestamp(TIME + timedelta(seconds=seconds))
    return doubles.row(sequencer=sequencer, event_time=time, event_name=name, **attributes)


def refusing(seen: Row, happened: Event) -> str | None:
    return refusing_clause(seen, happened, _certainly_before(happened))


def clauses_that_hold(seen: Row, happened: Event) -> dict[str, bool]:
    """Each clause of the rule, evaluated as DynamoDB does with the values of the put."""
    request = Request()
    Store(cast("DynamoDBClient", request), "table", 1).write(happened)
    values = request.made["ExpressionAttributeValues"]
    names = [name for name in vars(conditions) if name.isupper()]
    return {
        name: condition(getattr(conditions, name))(to_item(seen, 1), values)
        for name in names
        if getattr(conditions, name) in conditions.ACCEPTS_EVENT
    }


@given(
    seen=st.builds(
        row,
        st.sampled_from([-700, -300, -11, -10, -9, 0, 9, 10, 11, 300]),
        st.sampled_from(["0A", "0B", "0C"]),
        st.sampled_from([PUT, MULTIPART_UPLOAD]),
        asked_at=st.none()
        | st.sampled_from([0, *(microseconds(TIME) + n * 10**6 for n in (-301, -300, -299, 0))]),
        healed_at=st.none() | st.just(1),
    ),
    happened=st.builds(event, st.just(0), st.just("0B"), st.sampled_from([PUT, MULTIPART_UPLOAD])),
)
def test_a_clause_refuses_if_and_only_if_the_rule_does(seen: Row, happened: Event) -> None:
    holds = clauses_that_hold(seen, happened)
    clause = refusing(seen, happened)
    assert (clause is None) == holds["ACCEPTS_EVENT"]
    assert clause is None or not holds[clause]


@pytest.mark.parametrize(
    ("seen", "happened", "clause"),
    [
        (row(), event(), None),
        (row(sequencer="0B"), event(), "EVENT_IS_NEWER"),
        (row(sequencer="0C"), event(), "EVENT_IS_NEWER"),
        (row(11), event(), "TIMES_AGREE"),
        (row(name=MULTIPART_UPLOAD), event(), "NOT_OF_AN_UPLOAD"),
        (row(-11, name=MULTIPART_UPLOAD), event(), None),
        (row(asked_at=microseconds(TIME)), event(), "LOOKED_UP_BEFORE_EVENT"),
        # Clocks differ by at most five minutes.
        (row(asked_at=microseconds(TIME) - 300_000_000), event(), "LOOKED_UP_BEFORE_EVENT"),
        (row(asked_at=microseconds(TIME) - 300_000_001), event(), None),
        (row(asked_at=1, healed_at=1), event(), "NEVER_HEALED"),
        (row(asked_at=1), event(), None),
    ],
)
def test_the_first_clause_that_does_not_hold_refuses(
    seen: Row, happened: Event, clause: str | None
) -> None:
    assert refusing(seen, happened) == clause


def test_the_clause_that_accepts_depends_on_the_row_before() -> None:
    assert accepting_clause(None) == "ROW_MISSING"
    assert accepting_clause(row()) == "EVENT_IS_NEWER"


@pytest.mark.parametrize(
    ("seen", "clause"),
    [
        (None, "ROW_MISSING"),
        (row(), "ROW_UNCHANGED"),
        (row(asked_at=1), "LOOKED_UP_ROW_UNCHANGED"),
    ],
)
def test_a_lookup_replaces_what_it_has_seen(seen: Row | None, clause: str) -> None:
    assert replacing_clause(seen) == clause
    assert hasattr(conditions, clause)
