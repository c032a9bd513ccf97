"""The change feed on the local cloud: each change once, in order, to the subscribers it matches."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from reinventure.aws import change_watcher as watch
from reinventure.aws import dead_letters
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import dead_letter_queues
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.local.lent_role import lent_role
from tests.local.storm import storm
from tests.local.watched_changes import Message, Stream, Watcher, by_key, said
from tests.rehearsals.rehearsal import Rehearsal
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def watching(cloud: Cloud, tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    """A function that starts a watcher; it is stopped when the test ends."""
    started = []

    def start(*arguments: str) -> Watcher:
        started.append(Watcher(cloud, tmp_path, *arguments))
        return started[-1]

    yield start
    for watcher in started:
        if watcher.process.poll() is None:
            watcher.stop()


def left_behind(session: boto3.Session, catalog: DeployedCatalog) -> tuple[list[str], list[str]]:
    """The queues of watchers, and the subscriptions to the topic."""
    queues = session.client("sqs").list_queues(QueueNamePrefix="Catalog-watch-")
    subscriptions = session.client("sns").list_subscriptions_by_topic(
        TopicArn=catalog.outputs.changes_topic_arn
    )["Subscriptions"]
    return queues.get("QueueUrls", []), [each["Endpoint"] for each in subscriptions]


def test_a_watcher_of_a_storm_sees_each_change_once_and_in_order(
    catalog: DeployedCatalog, watching: Callable[..., Watcher]
) -> None:
    stream, watcher = Stream(catalog), watching("storm/", "--json")
    storm(catalog, 300, seed=11)
    assert wait_until_equal(catalog, PATIENCE) == []
    expected = stream.changes("storm/")
    assert len(expected) > 100
    wait_until(lambda: len(watcher.lines) >= len(expected))

    messages = watcher.messages
    seen = [said(message) for message in messages]
    assert by_key(seen) == by_key(expected)
    assert len({message["id"] for message in messages}) == len(messages) == len(expected)
    rows = {row.key: row for row in catalog.rows("storm/", consistent=True)}
    for key, life in by_key(seen).items():
        for (_, _, _, was), (_, _, old, _) in pairwise(life):
            assert old == was
        row, last = rows.get(key), life[-1][3]
        assert (row and row.version_id) == (last and last["version_id"])
    places: dict[str, tuple[int, str, int]] = {}
    for message in messages:
        place = message["healed_at"] or 0, message["sequencer"], message["asked_at"] or 0
        assert place > places.get(message["key"], (0, "", 0))
        places[message["key"]] = place


def test_a_watcher_shows_lines_of_its_prefix_only(
    catalog: DeployedCatalog, watching: Callable[..., Watcher]
) -> None:
    watcher = watching('seen/"quoted" ')
    for key in ('seen/"quoted" 1', "seen/other", "unseen", 'seen/"quoted" 2\n'):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"123")
        assert wait_until_equal(catalog, PATIENCE) == []
    catalog.s3.delete_object(Bucket=catalog.bucket, Key='seen/"quoted" 1')
    wait_until(lambda: len(watcher.lines) >= 3)
    assert [line.split(maxsplit=2)[2].split(maxsplit=2) for line in watcher.lines] == [
        ["created", "3", 'seen/"quoted" 1'],
        ["created", "3", 'seen/"quoted" 2\\n'],
        ["deleted", "-", 'seen/"quoted" 1'],
    ]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_silently_and_leaves_nothing_behind(
    session: boto3.Session,
    catalog: DeployedCatalog,
    watching: Callable[..., Watcher],
    signum: signal.Signals,
) -> None:
    watcher = watching()
    queues, subscribers = left_behind(session, catalog)
    assert (len(queues), len(subscribers)) == (1, 1)
    assert watcher.stop(signum) == 128 + signum
    assert watcher.said.count("\n") == 1
    assert left_behind(session, catalog) == ([], [])


def test_the_next_watcher_sweeps_after_a_killed_one_and_not_after_a_living_one(
    session: boto3.Session, catalog: DeployedCatalog, watching: Callable[..., Watcher]
) -> None:
    dead, living = watching(), watching()
    queues, _ = left_behind(session, catalog)
    dead.process.kill()
    dead.process.wait()
    assert len(left_behind(session, catalog)[0]) == 2
    # Only the age of its heartbeat distinguishes the killed watcher's queue from the other.
    sqs = session.client("sqs")
    silent = queues[0]
    old = str(int(time.time()) - watch.SILENT_SECONDS - 60)
    sqs.tag_queue(QueueUrl=silent, Tags={"reinventure-alive": old})
    watching()
    queues, subscribers = left_behind(session, catalog)
    assert silent not in queues
    assert len(queues) == len(subscribers) == 2
    assert living.process.poll() is None
    for url in queues:
        sqs.tag_queue(QueueUrl=url, Tags={"reinventure-alive": old})
    watching()
    assert len(left_behind(session, catalog)[0]) == 1


@contextmanager
def subscribed(
    session: boto3.Session, topic: str, policy: dict[str, object]
) -> Iterator[Callable[[str], list[Message]]]:
    """A queue subscribed with a filter; a function that reads it up to the message of a key."""
    sqs, sns = session.client("sqs"), session.client("sns")
    url = sqs.create_queue(QueueName=f"{uuid4()}.fifo", Attributes={"FifoQueue": "true"})[
        "QueueUrl"
    ]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowed})
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]

    def read(last: str) -> list[Message]:
        found: list[Message] = []

        def arrived() -> bool:
            reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for envelope in reply.get("Messages", []):
                found.append(json.loads(envelope["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=envelope["ReceiptHandle"])
            return any(message["key"] == last for message in found)

        wait_until(arrived, left=lambda: found)
        return found

    try:
        yield read
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=url)


def test_a_subscriber_gets_the_messages_that_match_its_filter(
    session: boto3.Session, catalog: DeployedCatalog
) -> None:
    policy: dict[str, object] = {
        "bucket": [catalog.bucket],
        "suffix": [".log"],
        "size_mib": [{"numeric": ["<=", 2]}],
        "prefix": ["share/"],
        "kind": [{"anything-but": "deleted"}],
    }
    with subscribed(session, catalog.outputs.changes_topic_arn, policy) as read:
        for key, size in [
            ("share/small.log", 10),
            ("share/exact.LOG", 2 * 2**20),
            ("share/large.log", 2 * 2**20 + 1),
            ("share/small.txt", 10),
            ("elsewhere/small.log", 10),
        ]:
            catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"." * size)
        assert wait_until_equal(catalog, PATIENCE) == []
        catalog.s3.delete_object(Bucket=catalog.bucket, Key="share/small.log")
        assert wait_until_equal(catalog, PATIENCE) == []
        catalog.s3.put_object(Bucket=catalog.bucket, Key="share/last.log", Body=b"")
        got = read("share/last.log")
    assert sorted((m["kind"], m["key"]) for m in got) == [
        ("created", "share/exact.LOG"),
        ("created", "share/last.log"),
        ("created", "share/small.log"),
    ]


@contextmanager
def broken(catalog: DeployedCatalog) -> Iterator[None]:
    """`publish` as it is when its topic is not there."""
    functions = catalog.session.client("lambda")
    sound = functions.get_function_configuration(FunctionName=catalog.outputs.publish_arn)[
        "Environment"
    ]["Variables"]
    wrong = {**sound, "TOPIC_ARN": f"{catalog.outputs.changes_topic_arn[:-5]}-no-such.fifo"}
    functions.update_function_configuration(
        FunctionName=catalog.outputs.publish_arn, Environment={"Variables": wrong}
    )
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=catalog.outputs.publish_arn, Environment={"Variables": sound}
        )


def mapping(catalog: DeployedCatalog) -> Any:
    """The mapping that gives the stream to `publish`."""
    [found] = catalog.session.client("lambda").list_event_source_mappings(
        FunctionName=catalog.outputs.publish_arn
    )["EventSourceMappings"]
    return found


def test_changes_that_publish_failed_for_a_while_are_not_lost(
    catalog: DeployedCatalog, watching: Callable[..., Watcher]
) -> None:
    stream, watcher = Stream(catalog), watching("late/", "--json")
    with broken(catalog):
        for n in range(25):
            catalog.s3.put_object(Bucket=catalog.bucket, Key=f"late/{n % 12}", Body=b"." * n)
        assert wait_until_equal(catalog, PATIENCE) == []
        wait_until(lambda: mapping(catalog)["LastProcessingResult"] == "FAILED")
        assert watcher.lines == []
    expected = stream.changes("late/")
    wait_until(lambda: len(watcher.lines) >= len(expected))
    assert by_key([said(message) for message in watcher.messages]) == by_key(expected)


@pytest.mark.usefixtures("no_dead_letters")
@pytest.mark.rehearsal(
    "feed-discarded",
    failure="`publish` fails until Lambda discards its batches",
    how="a topic that it may not write to, and a maximum age of one second instead of six hours",
    promise="their positions wait in the dead-letter queue; `redrive` reads the stream from there",
)
def test_discarded_batches_of_publish_are_redriven_from_the_stream(
    catalog: DeployedCatalog,
    cloud: Cloud,
    watching: Callable[..., Watcher],
    rehearsal: Rehearsal,
) -> None:
    stream, watcher = Stream(catalog), watching("given-up/", "--json")
    functions, uuid = catalog.session.client("lambda"), mapping(catalog)["UUID"]
    with broken(catalog):
        functions.update_event_source_mapping(UUID=uuid, MaximumRecordAgeInSeconds=1)
        for n in range(5):
            catalog.s3.put_object(Bucket=catalog.bucket, Key=f"given-up/{n}", Body=b"." * n)
        assert wait_until_equal(catalog, PATIENCE) == []
        wait_until(lambda: all_is_named(catalog, stream))
        functions.update_event_source_mapping(UUID=uuid, MaximumRecordAgeInSeconds=6 * 3600)
        listed = run("failed", "--json", environment=cloud.environment).stdout.splitlines()
        failed = [json.loads(line) for line in listed]
        assert failed
        assert all("MaxRecordAgeExceeded" in each["reason"] for each in failed)
        assert all("Publish" in each["where"] for each in failed)
        assert {(each["function"], each["trusted"]) for each in failed} == {("publish", True)}
        again = run("redrive", "--all", environment=cloud.environment)
        assert again.returncode == 1
        assert "not authorized to perform" in again.stderr
    assert watcher.lines == []

    rehearsal.fault_ended()
    redriven = run("redrive", "--all", environment=cloud.environment)
    assert redriven.returncode == 0, redriven.stderr
    assert redriven.stdout == f"{len(failed)} redriven, 0 failed again.\n"
    expected = stream.changes("given-up/")
    assert len(expected) == 5
    wait_until(lambda: len(watcher.lines) >= len(expected))
    rehearsal.was_equal()
    assert sorted(map(said, watcher.messages), key=str) == sorted(expected, key=str)
    rehearsal.saw(f"{len(failed)} batches redriven: {len(expected)} changes, each once")


def all_is_named(catalog: DeployedCatalog, stream: Stream) -> bool:
    """Whether the dead-letter queue names all changes under given-up/."""
    sqs = catalog.session.client("sqs")
    found = sqs.receive_message(
        QueueUrl=catalog.outputs.publish_failure_queue_url or "",
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
    ).get("Messages", [])
    named: int = sum(json.loads(m["Body"])["DDBStreamBatchInfo"]["batchSize"] for m in found)
    return named == len(stream.records("given-up/"))


@pytest.mark.usefixtures("no_dead_letters")
@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("publish", "no longer has these changes"),
        ("totals", "`reinventure repair` recounts them and deletes this message"),
    ],
)
def test_a_failure_that_cannot_be_redriven_has_a_reason_and_a_remedy(
    catalog: DeployedCatalog, cloud: Cloud, function: str, reason: str
) -> None:
    give_up(catalog, function)
    redriven = run("redrive", "--all", environment=cloud.environment)
    assert (redriven.returncode, redriven.stdout) == (1, "0 redriven, 1 failed again.\n")
    assert reason in redriven.stderr
    listed = run("failed", environment=cloud.environment).stdout
    assert "RetryAttemptsExhausted: 2 changes of the table since 2026-11-23" in listed


@pytest.mark.usefixtures("no_dead_letters")
def test_a_recount_of_all_removes_the_failures_of_totals(
    catalog: DeployedCatalog, cloud: Cloud
) -> None:
    give_up(catalog, "publish")
    give_up(catalog, "totals")
    nothing = run("redrive", "nothing", environment=cloud.environment)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "no failed event has an id that begins with 'nothing'" in nothing.stderr
    assert run("repair", "given-up/", environment=cloud.environment).returncode == 0
    assert len(dead_letters.uncounted(catalog)) == 1
    repaired = run("repair", environment=cloud.environment)
    assert repaired.returncode == 0, repaired.stderr
    assert "Deleted 1 messages of totals" in repaired.stdout
    [left] = dead_letters.receive(catalog, dead_letter_queues(catalog.outputs))
    assert left.function == "publish"


def give_up(catalog: DeployedCatalog, function: str) -> None:
    """Send Lambda's message about a batch that `function` failed to the dead-letter queue."""
    stream = Stream(catalog)
    failure = {
        "requestContext": {"functionArn": function, "condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": {
            "shardId": stream.shard,
            "startSequenceNumber": "1" * 30,
            "endSequenceNumber": "1" * 29 + "2",
            "batchSize": 2,
            "approximateArrivalOfFirstRecord": "2026-11-23T10:15:30.000Z",
            "streamArn": stream.arn,
        },
    }
    [queue] = [q for q in dead_letter_queues(catalog.outputs) if q.function == function]
    sqs = lent_role(catalog.session, queue.role_id).client("sqs")
    sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps(failure))
