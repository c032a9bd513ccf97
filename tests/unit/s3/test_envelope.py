"""Envelopes: from a delivery to messages with records."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.s3.envelope import Message, messages
from tests.s3_events import event

PUT = event("put")


def queued(id: str, body: Any) -> dict[str, Any]:
    return {"eventSource": "aws:sqs", "messageId": id, "body": body}


def test_a_notification_is_one_message_without_a_queue() -> None:
    assert list(messages(PUT)) == [Message(None, PUT["Records"])]


def test_each_message_of_a_queue_has_its_own_records() -> None:
    first, second = messages(event("sqs"))
    assert first.records == PUT["Records"]
    assert second.records == event("two_records")["Records"]
    assert first.id != second.id


def test_a_notification_through_sns_is_unwrapped() -> None:
    [message] = messages(event("sqs_sns"))
    assert message.records == PUT["Records"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_event_of_eventbridge_is_a_record(wrapped: bool) -> None:
    created = event("eventbridge_created")
    delivery = {"Records": [queued("1", json.dumps(created))]} if wrapped else created
    [message] = messages(delivery)
    assert message.records == [created]


def test_the_test_event_of_s3_has_no_records_and_no_error() -> None:
    assert list(messages(event("test_event"))) == [Message(None, [])]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("null", "a JSON NoneType"),
        ("[]", "a JSON list"),
        ("{}", "no Records, but nothing"),
        ('{"Records": {}}', "no Records, but Records"),
        ('{"Type": "Notification"}', "a JSON NoneType"),
        (None, "a JSON NoneType"),
        (7, "a JSON int"),
        ("[" * 2**20, "nested too deeply"),
        ('{"Records":' + "[" * 2**19, "nested too deeply"),
        ("9" * 5000, "not JSON"),
        ("x" * 2**20, "not JSON"),
    ],
)
def test_an_unreadable_body_has_an_error_and_the_others_are_read(body: Any, error: str) -> None:
    good = json.dumps(PUT)
    before, bad, after = messages(
        {"Records": [queued("1", good), queued("2", body), queued("3", good)]}
    )
    assert before.records == after.records == PUT["Records"]
    assert (bad.id, bad.records) == ("2", [])
    assert bad.error is not None
    assert error in bad.error
    assert len(bad.error) < 300


def test_the_error_has_the_first_ten_names_and_at_most_200_characters_of_them() -> None:
    [ten] = messages(dict.fromkeys("lkjihgfedcba"))
    assert ten.error == "not an S3 notification: no Records, but a, b, c, d, e, f, g, h, i, j"
    [cut] = messages({"x" * 201: None})
    assert cut.error == f"not an S3 notification: no Records, but {'x' * 200}"


def test_deep_nesting_is_an_error() -> None:
    content: Any = PUT
    for _ in range(5000):
        content = {"Type": "Notification", "Message": content}
    [message] = messages(content)
    assert message.error == "not an S3 notification: nested too deeply"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "Type", "Message", "Event", "detail-type", "eventSource", "messageId"]
            )
            | st.text(),
            inner | st.just("Notification") | st.just("aws:sqs"),
            max_size=4,
        )
    ),
)


@given(anything)
def test_any_json_document_gives_records_or_an_error(delivery: Any) -> None:
    for message in messages(delivery):
        assert message.error or isinstance(message.records, list)
