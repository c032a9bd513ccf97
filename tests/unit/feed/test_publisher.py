"""Publishing from the stream: every effective change once and in order, despite faults."""

import importlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from reinventure.aws.change_watcher import Order
from s3_catalog.feed import publisher as publication
from s3_catalog.feed.message import entry
from s3_catalog.feed.publisher import Publisher
from s3_catalog.model.change import Kind
from s3_catalog.model.row import Row
from s3_catalog.table.stream_record import parse
from tests.doubles import Context, lines_of_keys
from tests.stream_records import GONE, LIVE, record

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:publish"
WINDOW = 5 * 60
"""Seconds of deduplication of an SNS FIFO topic."""


class CrashError(Exception):
    """The function ended early, for lack of time or memory."""


@dataclass
class Topic:
    """A FIFO topic; `delivered` has the messages that its one subscriber receives.

    `fault` returns for each entry what happens (None, an error code, or an exception to raise) and
    whether the topic accepts the message nevertheless.
    """

    fault: Callable[[], tuple[str | CrashError | ClientError | None, bool]]
    now: float = 0
    delivered: list[dict[str, Any]] = field(default_factory=list)
    requests: list[list[str]] = field(default_factory=list)
    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        entries = request["PublishBatchRequestEntries"]
        assert request["TopicArn"] == "topic"
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        self.requests.append([json.loads(entry["Message"])["key"] for entry in entries])
        reply: dict[str, Any] = {"Successful": [], "Failed": []}
        for sent in entries:
            fault, taken = self.fault()
            if fault is None or taken:
                self._take(sent)
            if isinstance(fault, Exception):
                raise fault
            outcome = {
                "Id": sent["Id"],
                "MessageId": f"sns-{sent['Id']}",
                "Code": fault,
                "Message": "no",
                "SenderFault": False,
            }
            reply["Failed" if fault else "Successful"].append(outcome)
        return reply

    def _take(self, sent: dict[str, Any]) -> None:
        known = sent["MessageGroupId"], sent["MessageDeduplicationId"]
        if self.now - self._known.get(known, -WINDOW - 1) > WINDOW:
            self._known[known] = self.now
            self.delivered.append(json.loads(sent["Message"]))


@dataclass
class Failures:
    """The dead-letter queue; `refusing` if each request fails."""

    waiting: list[dict[str, Any]] = field(default_factory=list)
    refusing: bool = False

    def send_message(self, **request: Any) -> None:
        if self.refusing:
            raise refusal("SendMessage")
        assert request["QueueUrl"] == "failures"
        self.waiting.append(json.loads(request["MessageBody"]))


def refusal(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "Throttled", "Message": "slow down"}}, operation)


def never() -> tuple[None, bool]:
    return None, True


def publisher(topic: Topic, failures: Failures) -> Publisher:
    return Publisher(cast("SNSClient", topic), "topic", cast("SQSClient", failures), "failures")


def puts(keys: str) -> list[dict[str, Any]]:
    """The records of a put for each key in turn, in order."""
    seen: dict[str, Row] = {}
    found = []
    for number, key in enumerate(keys, 1):
        row = replace(LIVE, key=key, sequencer=f"{number:032X}", version_id=str(number))
        found.append(record(number, seen.get(key), row))
        seen[key] = row
    return found


def number_of(some: dict[str, Any]) -> str:
    number: str = some["dynamodb"]["SequenceNumber"]
    return number


# Examples


def test_a_request_has_at_most_ten_messages_each_of_another_key() -> None:
    topic = Topic(never)
    report = publisher(topic, Failures()).publish(puts("abcdefghijkl" + "aab"), FUNCTION)
    assert [("".join(keys)) for keys in topic.requests] == ["abcdefghij", "kla", "ab"]
    assert (report.published, report.failed, report.errors) == (15, None, [])


def test_each_message_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with lines_of_keys(caplog):
        publisher(Topic(never), Failures()).publish(puts("ab"), FUNCTION)
    lines = [vars(each) for each in caplog.records]
    assert [(each["msg"], each["key"], each["kind"], each["change"]) for each in lines] == [
        ("published", "a", "created", f"{1:032x}"),
        ("published", "b", "created", f"{2:032x}"),
    ]
    assert [each["message_id"] for each in lines] == ["sns-0", "sns-1"]
    assert len({each["group"] for each in lines}) == 2


def test_a_failure_has_bucket_key_and_sequencer(caplog: pytest.LogCaptureFixture) -> None:
    topic = Topic(lambda: ("Throttled", False))
    publisher(topic, Failures()).publish(puts("a"), FUNCTION)
    [line] = [vars(each) for each in caplog.records if each.name == "key"]
    assert (line["levelname"], line["bucket"], line["key"]) == ("ERROR", "photos-example", "a")
    assert line["sequencer"] == f"{1:032X}"
    assert "Throttled" in line["reason"]


def test_changes_that_are_not_effective_are_not_published() -> None:
    topic = Topic(never)
    looked_up = replace(LIVE, asked_at=1)
    ineffective = [
        record(1, LIVE, looked_up),
        record(2, GONE, None),
        record(3, None, GONE),
        record(4, GONE, replace(GONE, asked_at=1)),
    ]
    report = publisher(topic, Failures()).publish(ineffective, FUNCTION)
    assert (report.published, report.ignored, topic.requests) == (0, 4, [])


@pytest.mark.parametrize("fault", ["InternalError", refusal("PublishBatch")])
def test_it_stops_at_the_first_record_that_failed(fault: str | ClientError) -> None:
    faults = iter([None, None, fault, *[None] * 20])
    topic = Topic(lambda: (next(faults), False))
    failures = Failures()
    records = puts("aaabc")
    report = publisher(topic, failures).publish(records, FUNCTION)
    assert report.failed == number_of(records[2])
    assert report.published == 2
    assert report.errors
    assert ["".join(keys) for keys in topic.requests] == ["a", "a", "abc"]
    assert failures.waiting == []


def test_of_several_failures_the_first_is_reported() -> None:
    faults = iter([None, "InternalError", None, "InternalError"])
    topic = Topic(lambda: (next(faults), False))
    records = puts("abcd")
    report = publisher(topic, Failures()).publish(records, FUNCTION)
    assert report.failed == number_of(records[1])


def test_an_entry_that_is_missing_in_the_reply_has_failed() -> None:
    class Silent(Topic):
        def publish_batch(self, **request: Any) -> dict[str, Any]:
            reply = super().publish_batch(**request)
            return {"Successful": reply["Successful"][1:]}

    records = puts("ab")
    report = publisher(Silent(never), Failures()).publish(records, FUNCTION)
    assert report.failed == number_of(records[0])


UNREADABLE = [
    {"eventID": "x"},
    {**record(2, None, LIVE), "dynamodb": {"SequenceNumber": "2", "Keys": {}}},
    {
        **record(2, None, LIVE),
        "dynamodb": {"SequenceNumber": "2", "NewImage": {"pk": {"S": "x#1#0"}, "sk": {"S": "k"}}},
    },
]


@pytest.mark.parametrize("poison", UNREADABLE)
def test_a_record_that_is_not_of_a_row_is_set_aside_in_order(poison: dict[str, Any]) -> None:
    topic, failures = Topic(never), Failures()
    report = publisher(topic, failures).publish([*puts("ab"), poison, *puts("c")], FUNCTION)
    assert (report.published, report.set_aside, report.failed) == (3, 1, None)
    [waiting] = failures.waiting
    assert waiting["requestPayload"] == {"Records": [poison]}
    assert waiting["requestContext"] == {"functionArn": FUNCTION, "condition": "Unpublishable"}
    assert "not a row" in waiting["responsePayload"]["errorMessage"]


def test_no_record_is_set_aside_before_earlier_ones_are_published() -> None:
    topic, failures = Topic(lambda: ("InternalError", False)), Failures()
    records = [*puts("a"), UNREADABLE[1]]
    report = publisher(topic, failures).publish(records, FUNCTION)
    assert (report.failed, failures.waiting) == (number_of(records[0]), [])


def test_a_record_that_cannot_be_set_aside_fails() -> None:
    failures = Failures(refusing=True)
    report = publisher(Topic(never), failures).publish([UNREADABLE[1]], FUNCTION)
    assert (report.failed, report.set_aside) == ("2", 0)


def test_a_redriven_record_is_not_set_aside_again() -> None:
    failures = Failures()
    report = publisher(Topic(never), failures).publish([UNREADABLE[1]], FUNCTION, redriven=True)
    assert (report.failed, report.set_aside, failures.waiting) == ("2", 0, [])


def test_a_message_that_sns_refuses_for_good_is_set_aside() -> None:
    faults = iter([None, "InvalidParameter", None])
    failures = Failures()
    records = puts("abc")
    report = publisher(Topic(lambda: (next(faults), False)), failures).publish(records, FUNCTION)
    assert (report.published, report.set_aside, report.failed) == (2, 1, None)
    assert failures.waiting[0]["requestPayload"] == {"Records": [records[1]]}


# The function


def function(monkeypatch: pytest.MonkeyPatch, topic: Topic, *, whole: bool) -> Any:
    monkeypatch.setenv("TOPIC_ARN", "topic")
    monkeypatch.setenv("FAILURE_QUEUE_URL", "failures")
    monkeypatch.setenv("WHOLE_BATCHES", "true" if whole else "false")
    module = importlib.reload(importlib.import_module("handlers.publish"))
    monkeypatch.setattr(module, "_publisher", publisher(topic, Failures()))
    return module


def test_the_reply_has_the_record_to_retry_from(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter([None, "InternalError"])
    module = function(monkeypatch, Topic(lambda: (next(faults), False)), whole=False)
    records = puts("ab")
    answer = module.handler({"Records": records}, Context(invoked_function_arn=FUNCTION))
    assert answer["batchItemFailures"] == [{"itemIdentifier": number_of(records[1])}]
    assert answer["errors"] == ["InternalError: no"]
    assert answer["published"] == 1


def test_the_reply_for_a_published_batch_has_no_failures(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = function(monkeypatch, Topic(never), whole=False)
    assert module.handler({"Records": puts("aab")}, Context(invoked_function_arn=FUNCTION)) == {
        "published": 3,
        "ignored": 0,
        "set_aside": 0,
        "batchItemFailures": [],
        "errors": [],
    }


def test_the_function_raises_where_whole_batches_are_retried(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = function(monkeypatch, Topic(lambda: ("InternalError", False)), whole=True)
    with pytest.raises(module.PublishError, match="InternalError"):
        module.handler({"Records": puts("a")}, Context(invoked_function_arn=FUNCTION))


# Random histories, batches and faults


State = tuple[int | None, str | None, str | None] | None


def state(row: Row | None) -> State:
    return None if row is None or row.deleted else (row.size, row.etag, row.version_id)


def history(chance: random.Random) -> Iterator[tuple[Row | None, Row | None]]:
    """Random writes of rows as the catalog makes them, of few keys."""
    rows: dict[str, Row] = {}
    for number in range(1, chance.randrange(2, 60)):
        key = chance.choice("abc" if chance.random() < 0.7 else "defghijklmnop")
        old = rows.get(key)
        kind = chance.choice(["put", "put", "delete", "lookup", "expiry"])
        if kind == "put":
            new: Row | None = replace(
                LIVE, key=key, sequencer=f"{number:032X}", version_id=chance.choice("xyz")
            )
        elif kind == "delete":
            new = replace(GONE, key=key, sequencer=f"{number:032X}")
        elif kind == "lookup" and old:
            kept = replace(old, asked_at=(old.asked_at or 0) + 1)
            other = replace(kept, size=chance.randrange(9), etag="result", expires_at=None)
            new = chance.choice([kept, other])
        elif kind == "expiry" and old and old.deleted:
            new = None
        else:
            continue
        if new:
            rows[key] = new
        else:
            del rows[key]
        yield old, new


def faults(chance: random.Random) -> Callable[[], tuple[Any, bool]]:
    rate = chance.choice([0, 0.05, 0.3])

    def fault() -> tuple[Any, bool]:
        if chance.random() >= rate:
            return None, True
        kind = chance.choice(["InternalError", "Throttled", refusal("PublishBatch"), CrashError()])
        return kind, chance.random() < 0.5

    return fault


def play(chance: random.Random) -> None:
    """Deliver a history as Lambda does, with faults, and compare the messages with an oracle."""
    changed = list(history(chance))
    expected = [
        ((new or old or LIVE).key, state(old), state(new))
        for old, new in changed
        if state(old) != state(new)
    ]
    shard = [record(number, old, new) for number, (old, new) in enumerate(changed, 1)]
    prompt = chance.random() < 0.5
    topic, failures = Topic(faults(chance)), Failures()
    handler = publisher(topic, failures)
    done = 0
    for _ in range(5000):
        if done == len(shard):
            break
        batch = shard[done : done + chance.randrange(1, 30)]  # Bisected, or another batch.
        try:
            report = handler.publish(batch, FUNCTION)
        except CrashError:
            report = None
        if report and report.failed is None:
            done += len(batch)
        elif report and report.failed:
            done += [number_of(each) for each in batch].index(report.failed)
        # Retries come within the window of deduplication, or some of them long after it.
        topic.now += 0 if prompt else chance.choice([0, 1, 400])
    assert done == len(shard)
    assert failures.waiting == []
    order = Order()
    seen = [m for m in topic.delivered if order.is_new(m)]
    if prompt:
        assert seen == topic.delivered, "SNS drops duplicates within the window"
    check(seen, expected)
    assert max(Counter(keys).most_common(1)[0][1] for keys in topic.requests or [["-"]]) == 1


def check(seen: Sequence[dict[str, Any]], expected: Sequence[tuple[str, State, State]]) -> None:
    def state_in(side: dict[str, Any] | None) -> State:
        return (side["size"], side["etag"], side["version_id"]) if side else None

    for key in {key for key, _, _ in expected} | {m["key"] for m in seen}:
        changes = [
            (m["key"], state_in(m["old"]), state_in(m["new"])) for m in seen if m["key"] == key
        ]
        assert changes == [each for each in expected if each[0] == key]


@given(st.integers(0, 2**64))
def test_each_change_arrives_once_and_in_order(seed: int) -> None:
    play(random.Random(seed))  # noqa: S311


def _two_messages_of_a_key_in_a_request(patch: pytest.MonkeyPatch) -> None:
    class Unequal(str):
        __hash__ = str.__hash__

        def __eq__(self, _: object) -> bool:
            return False

    patch.setattr(publication, "parse", lambda r: replace(c := parse(r), key=Unequal(c.key)))


def _no_deduplication(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        publication,
        "entry",
        lambda *args: {**entry(*args), "MessageDeduplicationId": random.random()},  # noqa: S311
    )


def _continue_after_a_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publication, "_stop", lambda *_: True)


def _report_a_later_record(patch: pytest.MonkeyPatch) -> None:
    stop = publication._stop

    def late(report: Any, at: Any, reason: str) -> bool:
        later = {"dynamodb": {"SequenceNumber": str(int(number_of(at)) + 10**20)}}
        return stop(report, later, reason)

    patch.setattr(publication, "_stop", late)


def _publish_ineffective_changes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("s3_catalog.model.change.Change.kind", property(lambda _: Kind.UPDATED))


def _set_aside_after_every_error(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publication, "_REFUSALS", ("InternalError", "Throttled"))


@pytest.mark.parametrize(
    "mutation",
    [
        _two_messages_of_a_key_in_a_request,
        _no_deduplication,
        _continue_after_a_failure,
        _report_a_later_record,
        _publish_ineffective_changes,
        _set_aside_after_every_error,
    ],
)
def test_a_mutation_is_caught(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)

    def play_many() -> None:
        for seed in range(300):
            play(random.Random(seed))  # noqa: S311

    with pytest.raises((AssertionError, ValueError)):
        play_many()
