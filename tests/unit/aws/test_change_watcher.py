"""A watcher of the change feed: order and duplicates, its filter, its queue on moto."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from reinventure.aws import change_watcher as watch
from reinventure.aws.change_watcher import Order, Watch, filter_policy
from reinventure.aws.deployed_catalog import DeployedCatalog


def message(key: str, sequencer: str, asked_at: int | None = None) -> dict[str, Any]:
    return {"bucket": "photos", "key": key, "sequencer": sequencer, "asked_at": asked_at}


def test_a_change_is_new_if_it_is_newer_than_all_of_its_key() -> None:
    order = Order()
    messages = [
        (message("a", "1"), True),
        (message("a", "1"), False),
        (message("b", "1"), True),
        (message("a", "1", 5), True),
        (message("a", "1"), False),
        (message("a", "2"), True),
        (message("a", "1", 9), False),
        (message("a", "2", 1), True),
    ]
    assert [order.is_new(each) for each, _ in messages] == [new for _, new in messages]


def test_equal_keys_of_two_buckets_have_an_order_each() -> None:
    order = Order()
    assert order.is_new(message("a", "2"))
    assert order.is_new({**message("a", "1"), "bucket": "logs"})
    assert not order.is_new(message("a", "1"))


def test_a_heal_starts_the_order_of_its_key_again() -> None:
    order = Order()
    forged = message("a", "F", 4)
    heal, later = ({**message("a", *at), "healed_at": 5} for at in (("0", 5), ("1", 6)))
    assert all(map(order.is_new, (forged, heal, later)))
    assert not any(map(order.is_new, (forged, heal, later, message("a", "F", 9))))


def test_it_keeps_the_positions_of_the_last_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "_REMEMBERED", 2)
    order = Order()
    for key, number in (("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")):
        assert order.is_new(message(key, number))
    assert not order.is_new(message("a", "2"))
    assert order.is_new(message("b", "1"))


@pytest.mark.parametrize(
    ("prefix", "policy"),
    [
        ("", {}),
        ("logs/", {"key": [{"prefix": "logs/"}]}),
        ('a "quoted" one', {"key": [{"prefix": "a "}]}),
        ("back\\slash", {"key": [{"prefix": "back"}]}),
        ('"', {}),
        ("bell\x07", {"key": [{"prefix": "bell\ufffd"}]}),
        ("ü/🚀", {"key": [{"prefix": "ü/🚀"}]}),
    ],
)
def test_the_filter_matches_at_least_the_keys_under_the_prefix(
    prefix: str, policy: dict[str, object]
) -> None:
    assert filter_policy(prefix, None) == policy
    assert filter_policy(prefix, "photos") == {**policy, "bucket": ["photos"]}


# On moto


@pytest.fixture
def sqs(catalog: DeployedCatalog) -> Iterator[Any]:
    """The client of SQS; queues of watchers are deleted in the end."""
    client = catalog.session.client("sqs")
    yield client
    for url in queues(client):
        client.delete_queue(QueueUrl=url)


def queues(sqs: Any) -> list[str]:
    """The queues of watchers of stacks that are called Catalog."""
    urls: list[str] = sqs.list_queues(QueueNamePrefix="Catalog-watch-").get("QueueUrls", [])
    return urls


def subscribers(catalog: DeployedCatalog) -> list[str]:
    sns = catalog.session.client("sns")
    topic = catalog.outputs.changes_topic_arn
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [each["Endpoint"].rpartition(":")[2] for each in found]


def left_behind(catalog: DeployedCatalog, sqs: Any, topic: str, heartbeat: float | None) -> str:
    """Make the queue of a watcher of `topic`, whose last heartbeat was then; return its URL."""
    name = f"Catalog-watch-{uuid4().hex[:16]}.fifo"
    tags = {"reinventure-watches": topic}
    if heartbeat is not None:
        tags["reinventure-alive"] = str(int(heartbeat))
    made = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"}, tags=tags)
    url: str = made["QueueUrl"]
    catalog.session.client("sns").subscribe(
        TopicArn=catalog.outputs.changes_topic_arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}",
    )
    return url


def test_a_watcher_deletes_its_queue_and_subscription(catalog: DeployedCatalog, sqs: Any) -> None:
    with Watch(catalog, "").listening():
        [url] = queues(sqs)
        assert subscribers(catalog) == [url.rpartition("/")[2]]
        tags = sqs.list_queue_tags(QueueUrl=url)["Tags"]
        assert tags["reinventure-watches"] == catalog.outputs.changes_topic_arn
        assert abs(float(tags["reinventure-alive"]) - time.time()) < 60
    assert (queues(sqs), subscribers(catalog)) == ([], [])


def test_the_queue_takes_encrypted_messages_of_the_topic_under_the_prefix(
    catalog: DeployedCatalog, sqs: Any
) -> None:
    sns = catalog.session.client("sns")
    with Watch(catalog, "logs/").listening():
        [url] = queues(sqs)
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        [subscription] = sns.list_subscriptions_by_topic(
            TopicArn=catalog.outputs.changes_topic_arn
        )["Subscriptions"]
        subscribed = sns.get_subscription_attributes(
            SubscriptionArn=subscription["SubscriptionArn"]
        )["Attributes"]
    assert attributes["KmsMasterKeyId"] == "alias/queue"
    assert attributes["MessageRetentionPeriod"] == "3600"
    allow, deny = json.loads(attributes["Policy"])["Statement"]
    assert (allow["Effect"], allow["Principal"], allow["Action"], allow["Resource"]) == (
        "Allow",
        {"Service": "sns.amazonaws.com"},
        "sqs:SendMessage",
        attributes["QueueArn"],
    )
    source = {"aws:SourceArn": catalog.outputs.changes_topic_arn}
    assert allow["Condition"] == {"ArnEquals": source}
    assert (deny["Effect"], deny["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert subscribed["RawMessageDelivery"] == "true"
    assert json.loads(subscribed["FilterPolicy"]) == {"key": [{"prefix": "logs/"}]}


def subscribed_filter(catalog: DeployedCatalog, prefix: str) -> object:
    """The filter policy of a watcher's subscription, None without one."""
    sns = catalog.session.client("sns")
    with Watch(catalog, prefix).listening():
        topic = catalog.outputs.changes_topic_arn
        [found] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        attributes = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])
    policy = attributes["Attributes"].get("FilterPolicy")
    return json.loads(policy) if policy else None


def test_the_filter_names_the_bucket_only_if_the_catalog_has_several(
    catalog: DeployedCatalog, sqs: Any
) -> None:
    """A deployment of the version before has one, and its messages no attribute `bucket`."""
    assert subscribed_filter(catalog, "") is None
    many = replace(catalog, outputs=replace(catalog.outputs, attached_buckets="photos,logs/in/"))
    assert subscribed_filter(many.choose("photos"), "") == {"bucket": ["photos"]}
    assert subscribed_filter(many.choose("logs"), "in/a") == {
        "bucket": ["logs"],
        "key": [{"prefix": "in/a"}],
    }


def test_a_watcher_that_fails_deletes_what_it_made(
    catalog: DeployedCatalog, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(Watch, "_subscribe", fail)
    with pytest.raises(InterruptedError), Watch(catalog, "").listening():
        pass
    assert queues(sqs) == []


def test_what_is_raised_between_polls_ends_a_watcher(catalog: DeployedCatalog, sqs: Any) -> None:
    def between() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError), Watch(catalog, "", between).listening() as changes:
        next(changes)
    assert queues(sqs) == []
    assert subscribers(catalog) == []


def test_a_watcher_deletes_queues_of_dead_watchers_of_its_topic_only(
    catalog: DeployedCatalog, sqs: Any
) -> None:
    ours, now = catalog.outputs.changes_topic_arn, time.time()
    other = f"{ours[: -len('.fifo')]}-other.fifo"
    dead = left_behind(catalog, sqs, ours, now - 16 * 60)
    never_alive = left_behind(catalog, sqs, ours, None)
    living = left_behind(catalog, sqs, ours, now - 14 * 60)
    dead_of_other = left_behind(catalog, sqs, other, now - 24 * 3600)
    with Watch(catalog, "").listening():
        left = set(queues(sqs))
        assert {dead, never_alive} & left == set()
        assert {living, dead_of_other} <= left
        assert len(left) == 3
        names = set(subscribers(catalog))
        assert {url.rpartition("/")[2] for url in left} == names


def publish(catalog: DeployedCatalog, *messages: dict[str, Any]) -> None:
    """Put messages into the only queue, as the subscription to the topic does.

    Those of `photos` are of the catalog's bucket.
    """
    sqs = catalog.session.client("sqs")
    [url] = queues(sqs)
    for message in messages:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(
                {**message, "bucket": message["bucket"].replace("photos", catalog.bucket)}
            ),
            MessageGroupId=message["key"],
            MessageDeduplicationId=uuid4().hex,
        )


def test_a_watcher_yields_each_change_under_its_prefix_once(
    catalog: DeployedCatalog, sqs: Any
) -> None:
    with Watch(catalog, "a/").listening() as changes:
        publish(
            catalog,
            message("a/1", "1"),
            message("a/1", "1"),
            message("b/1", "1"),
            {**message("a/3", "1"), "bucket": "another"},
            message("a/2", "2"),
            message("a/2", "1"),
            message("a/1", "3"),
        )
        found = [next(changes) for _ in range(3)]
        [url] = queues(sqs)
        left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert sorted((each["key"], each["sequencer"]) for each in found) == [
        ("a/1", "1"),
        ("a/1", "3"),
        ("a/2", "2"),
    ]
    assert left["ApproximateNumberOfMessages"] == "0"
    assert left["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_watcher_of_every_bucket_has_the_time_at_which_each_change_came(
    catalog: DeployedCatalog, sqs: Any
) -> None:
    many = replace(catalog, outputs=replace(catalog.outputs, attached_buckets="logs"))
    with Watch(many, "", every_bucket=True, poll_seconds=1).arriving() as arrivals:
        began = datetime.now(UTC)
        publish(catalog, message("a", "1"), {**message("a", "1"), "bucket": "logs"})
        found = [next(arrivals) for _ in range(2)]
    assert sorted(each.message["bucket"] for each in found) == ["logs", catalog.bucket]
    for each in found:
        assert abs(each.sent_at - began) < timedelta(minutes=1)


def test_a_watcher_has_a_heartbeat(
    catalog: DeployedCatalog, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Watch(catalog, "").listening() as changes:
        [url] = queues(sqs)
        sqs.tag_queue(QueueUrl=url, Tags={"reinventure-alive": "0"})
        publish(catalog, message("a", "1"))
        next(changes)
        publish(catalog, message("a", "2"))
        next(changes)
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["reinventure-alive"] == "0"

        real = time.monotonic
        monkeypatch.setattr("reinventure.aws.change_watcher.time.monotonic", lambda: real() + 301)
        publish(catalog, message("a", "3"))
        next(changes)
        publish(catalog, message("a", "4"))
        next(changes)
        assert float(sqs.list_queue_tags(QueueUrl=url)["Tags"]["reinventure-alive"]) > 0
