"""The faults that are made on purpose, on an emulator without a deployed stack."""

import io
import json
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

COUNTER = """
import boto3

def handler(event, context):
    if event:
        boto3.client("dynamodb").update_item(
            TableName=event["table"],
            Key={"pk": {"S": event["item"]}},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    return 7
"""

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def control(session: boto3.Session) -> Iterator[FaultControl]:
    control = FaultControl(session)
    yield control
    control.end()


class EventBucket:
    """A bucket whose events come to a queue."""

    def __init__(self, session: boto3.Session) -> None:
        self.name = f"faults-{uuid4()}"
        self._s3, self._sqs = session.client("s3"), session.client("sqs")
        arn = f"arn:aws:sqs:us-east-1:000000000000:{self.name}"
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._url = self._sqs.create_queue(QueueName=self.name, Attributes={"Policy": policy})[
            "QueueUrl"
        ]
        self._s3.create_bucket(Bucket=self.name)
        self._s3.put_bucket_notification_configuration(
            Bucket=self.name,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            },
            SkipDestinationValidation=True,
        )
        self.events: list[dict[str, Any]] = []

    def put(self, count: int) -> list[str]:
        """Put objects, each after the event of the one before was made, and return the keys."""
        keys = [f"{number}" for number in range(count)]
        for key in keys:
            self._s3.put_object(Bucket=self.name, Key=key, Body=b"x")
            time.sleep(0.02)  # The emulator makes each event in a thread of its own.
        return keys

    def receive(self) -> list[str]:
        """The keys of the events that have come, oldest first."""
        while True:
            reply = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            for message in reply.get("Messages", []):
                self.events += json.loads(message["Body"]).get("Records", [])
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            if not reply.get("Messages"):
                return [each["s3"]["object"]["key"] for each in self.events]


@pytest.fixture
def bucket(session: boto3.Session) -> EventBucket:
    return EventBucket(session)


def test_events_come_twice_and_in_reverse(bucket: EventBucket, control: FaultControl) -> None:
    control.begin(Fault.EVENTS_TWICE_REVERSED, bucket.name, 30)
    keys = bucket.put(5)
    wait_until(lambda: len(bucket.receive()) >= 2 * len(keys))
    assert bucket.receive() == [key for key in reversed(keys) for _ in range(2)]
    # The event is that of the change: its time and its sequencer are in the order of the changes.
    made = bucket.events[::-2]
    assert [each["s3"]["object"]["key"] for each in made] == keys
    times = [each["eventTime"] for each in made]
    sequencers = [each["s3"]["object"]["sequencer"] for each in made]
    assert (times, sequencers) == (sorted(times), sorted(sequencers))
    control.end(Fault.EVENTS_TWICE_REVERSED)
    bucket.events.clear()
    bucket.put(3)
    wait_until(lambda: sorted(bucket.receive()) == ["0", "1", "2"])


def test_one_event_in_ten_is_lost(bucket: EventBucket, control: FaultControl) -> None:
    control.begin(Fault.EVENTS_LOST, bucket.name, 30)
    bucket.put(30)
    wait_until(lambda: len(bucket.receive()) == 27)
    control.end(Fault.EVENTS_LOST)
    bucket.put(1)
    wait_until(lambda: len(bucket.receive()) == 28)


def test_no_event_is_sent_and_another_bucket_is_left_alone(
    session: boto3.Session, bucket: EventBucket, control: FaultControl
) -> None:
    other = EventBucket(session)
    control.begin(Fault.NOTIFICATIONS_OFF, bucket.name, 30)
    bucket.put(2)
    other.put(2)
    wait_until(lambda: len(other.receive()) == 2)
    assert bucket.receive() == []
    control.end(Fault.NOTIFICATIONS_OFF)
    bucket.put(1)
    wait_until(lambda: bucket.receive() == ["0"])


def test_a_fault_ends_by_itself(bucket: EventBucket, control: FaultControl) -> None:
    control.begin(Fault.NOTIFICATIONS_OFF, bucket.name, 1)
    bucket.put(1)
    assert Fault.NOTIFICATIONS_OFF in control.on(utc_now())

    def again() -> bool:
        bucket.put(1)
        return bool(bucket.receive())

    wait_until(again)
    assert control.on(utc_now()) == {}


@pytest.fixture
def new_function(session: boto3.Session) -> Callable[[str], str]:
    """A function that makes a function of Lambda and returns its name.

    It returns 7, and first adds 1 to an item if the event names one. It may do that in any table.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", COUNTER)

    def make(purpose: str) -> str:
        name, iam = f"{purpose}-{uuid4()}", session.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')["Role"][
            "Arn"
        ]
        allow = {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=name, PolicyName="count", PolicyDocument=document)
        session.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": packed.getvalue()},
        )
        return name

    return make


def test_a_function_fails_and_another_one_does_not(
    session: boto3.Session, control: FaultControl, new_function: Callable[[str], str]
) -> None:
    broken, sound = new_function("broken"), new_function("sound")

    def invoked(name: str) -> tuple[str | None, Any]:
        reply = session.client("lambda").invoke(FunctionName=name)
        return reply.get("FunctionError"), json.load(reply["Payload"])

    control.begin(Fault.INGEST_FAILS, broken, 30)
    error, payload = invoked(broken)
    assert error == "Unhandled"
    assert payload["errorMessage"] == "made to fail in the console"
    assert invoked(sound) == (None, 7)
    log = session.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{broken}",
        filterPattern='"Traceback (most recent call last)"',
    )
    assert len(log["events"]) == 1
    control.end(Fault.INGEST_FAILS)
    assert invoked(broken) == (None, 7)


def test_a_process_is_killed_once_for_each_event_after_its_write_or_before_it(
    session: boto3.Session,
    dynamodb: "DynamoDBClient",
    table: str,
    control: FaultControl,
    new_function: Callable[[str], str],
) -> None:
    broken, sound = new_function("broken"), new_function("sound")

    def invoked(name: str, item: str) -> Any:
        event = json.dumps({"table": table, "item": item})
        reply = session.client("lambda").invoke(FunctionName=name, Payload=event)
        payload = json.load(reply["Payload"])
        return payload["errorMessage"] if "FunctionError" in reply else payload

    def times(item: str) -> int:
        found = dynamodb.get_item(TableName=table, Key={"pk": {"S": item}}).get("Item", {})
        return int(found.get("times", {}).get("N", 0))

    control.begin(Fault.PROCESS_KILLED, broken, 60)
    assert "signal: killed" in invoked(broken, "first")
    assert times("first") == 1, "killed after its write"
    assert "signal: killed" in invoked(broken, "second")
    assert times("second") == 0, "killed before its write"
    assert invoked(sound, "third") == 7
    # Tried again, each is left alone.
    assert [invoked(broken, item) for item in ("first", "second")] == [7, 7]
    assert [times(item) for item in ("first", "second")] == [2, 1]
    control.end(Fault.PROCESS_KILLED)
    assert invoked(broken, "fourth") == 7


@pytest.fixture
def dynamodb(session: boto3.Session) -> "DynamoDBClient":
    return session.client("dynamodb", config=ONCE)


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> str:
    name = f"faults-{uuid4()}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _write(dynamodb: "DynamoDBClient", table: str) -> str:
    """The code of the error of a write, or an empty string."""
    try:
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "one"}})
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_a_table_refuses_writes_as_dynamodb_does(
    dynamodb: "DynamoDBClient", table: str, control: FaultControl
) -> None:
    begun = time.monotonic()
    control.begin(Fault.TABLE_THROTTLED, table, 30)
    assert _write(dynamodb, table) == "ThrottlingException"
    batch = dynamodb.batch_execute_statement(
        Statements=[{"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'two'}}"}]
    )
    assert [each["Error"]["Code"] for each in batch["Responses"]] == ["ThrottlingError"]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": {"pk": {"S": "three"}}}}]
        )
    [reason] = cancelled.value.response["CancellationReasons"]
    assert reason["Code"] == "ThrottlingError"
    # Reads go on, and so does another table; all this was within the two seconds.
    assert dynamodb.scan(TableName=table)["Count"] == 0
    assert time.monotonic() - begun < PATIENCE
    wait_until(lambda: not _write(dynamodb, table))
    wait_until(lambda: _write(dynamodb, table) == "ThrottlingException")
    control.end(Fault.TABLE_THROTTLED)
    assert not _write(dynamodb, table)


def test_dynamodb_throttles_three_in_ten_and_fails_one(
    dynamodb: "DynamoDBClient", table: str, control: FaultControl
) -> None:
    def write(n: int) -> str:
        try:
            dynamodb.put_item(TableName=table, Item={"pk": {"S": str(n)}})
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "done"

    control.begin(Fault.DYNAMODB_UNRELIABLE, "us-east-1", 30)
    seen = [write(n) for n in range(20)]
    control.end(Fault.DYNAMODB_UNRELIABLE)
    assert Counter(seen) == {"done": 12, "ThrottlingException": 6, "InternalServerError": 2}
    # One of the two that failed has taken effect.
    assert dynamodb.scan(TableName=table)["Count"] == 13
    assert write(0) == "done"


def test_another_region_is_reliable(
    dynamodb: "DynamoDBClient", table: str, control: FaultControl
) -> None:
    control.begin(Fault.DYNAMODB_UNRELIABLE, "us-east-2", 30)
    assert not any(_write(dynamodb, table) for _ in range(20))


def test_a_topic_takes_no_message(session: boto3.Session, control: FaultControl) -> None:
    sns = session.client("sns", config=ONCE)
    refusing = sns.create_topic(Name=f"refusing-{uuid4()}")["TopicArn"]
    other = sns.create_topic(Name=f"other-{uuid4()}")["TopicArn"]

    def published(topic: str) -> str:
        try:
            sns.publish_batch(
                TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}]
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "done"

    control.begin(Fault.TOPIC_REFUSES, refusing, 30)
    assert {published(refusing) for _ in range(2)} == {"Throttled", "InternalError"}
    assert published(other) == "done"
    control.end(Fault.TOPIC_REFUSES)
    assert published(refusing) == "done"


def test_a_queue_refuses_its_clients(session: boto3.Session, control: FaultControl) -> None:
    sqs = session.client("sqs", config=ONCE)
    names = [f"refusing-{uuid4()}", f"other-{uuid4()}"]
    refusing, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in names)

    def sent(url: str) -> str:
        try:
            sqs.send_message(QueueUrl=url, MessageBody="m")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "done"

    control.begin(Fault.QUEUE_REFUSES, names[0], 30)
    assert {sent(refusing) for _ in range(2)} == {"RequestThrottled", "ServiceUnavailable"}
    assert sent(other) == "done"
    control.end(Fault.QUEUE_REFUSES)
    assert sent(refusing) == "done"


@pytest.mark.parametrize(
    ("fault", "hours"), [(Fault.S3_CLOCK_AHEAD, 1), (Fault.S3_CLOCK_BEHIND, -1)]
)
def test_events_have_the_time_of_a_wrong_clock(
    bucket: EventBucket, control: FaultControl, fault: Fault, hours: int
) -> None:
    control.begin(fault, bucket.name, 30)
    bucket.put(1)
    wait_until(lambda: len(bucket.receive()) == 1)
    control.end(fault)
    bucket.put(1)
    wait_until(lambda: len(bucket.receive()) == 2)

    def seconds(event: dict[str, Any]) -> tuple[float, float]:
        sequencer = event["s3"]["object"]["sequencer"]
        return datetime.fromisoformat(event["eventTime"]).timestamp(), int(sequencer[:10], 16)

    wrong, right = map(seconds, bucket.events)
    assert len(bucket.events[0]["s3"]["object"]["sequencer"]) == 18
    for was, then in zip(wrong, right, strict=True):
        assert was - then == pytest.approx(3600 * hours, abs=PATIENCE)


def test_another_table_takes_writes(
    dynamodb: "DynamoDBClient", table: str, control: FaultControl
) -> None:
    control.begin(Fault.TABLE_THROTTLED, f"{table}-other", 30)
    assert not _write(dynamodb, table)


def test_a_role_without_permission_begins_no_fault(
    session: boto3.Session, control: FaultControl, bucket: EventBucket
) -> None:
    iam, name = session.client("iam"), f"stranger-{uuid4()}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]["Arn"]
    given = session.client("sts").assume_role(RoleArn=role, RoleSessionName="it")["Credentials"]
    stranger = FaultControl(
        boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name="us-east-1",
        )
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.begin(Fault.NOTIFICATIONS_OFF, bucket.name, 30)
    assert control.on(utc_now()) == {}
