"""The command `status` in each state of a catalog: what is wrong, and what fixes it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.status.check import Check, Look, State
from reinventure.cli.status import check_json
from reinventure.contract import SQL, SqlOutputs
from reinventure.errors import NoStackError
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.model.timestamps import utc_now

Run = Callable[..., Result]
ROLE = "arn:aws:iam::123456789012:role/r"
DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
DEPTH = "ApproximateNumberOfMessagesVisible"


@dataclass
class World:
    """A catalog on moto, and what can become wrong with it."""

    catalog: DeployedCatalog
    patch: pytest.MonkeyPatch
    machine: str
    stacks: dict[str, str]
    switches: dict[str, bool | str]
    keys: dict[str, str]

    def client(self, service: str) -> Any:
        session: Any = self.catalog.session
        return session.client(service)

    def alarm(
        self, name: str, metric: str, dimension: str, value: str, description: str, **more: Any
    ) -> None:
        """Make an alarm that notifies the topic of the catalog; it is off."""
        self.client("cloudwatch").put_metric_alarm(
            **{
                "AlarmName": f"{self.catalog.bucket}-{name}",
                "AlarmDescription": description,
                "Namespace": "AWS/Lambda" if metric == "IteratorAge" else "AWS/SQS",
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value}],
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": [self.catalog.outputs.alarms_topic_arn],
                **more,
            }
        )

    def on(self, name: str) -> None:
        """Switch an alarm on."""
        self.client("cloudwatch").set_alarm_state(
            AlarmName=f"{self.catalog.bucket}-{name}", StateValue="ALARM", StateReason="any"
        )

    def measure(self, namespace: str, name: str, dimension: str, value: str, number: float) -> None:
        self.client("cloudwatch").put_metric_data(
            Namespace=namespace,
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": dimension, "Value": value}],
                    "Value": number,
                    "Timestamp": utc_now(),
                }
            ],
        )

    def deny(self, *operations: str) -> None:
        """Let AWS refuse `operations`."""
        call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

        def called(client: Any, operation: str, arguments: Any) -> Any:
            if operation in operations:
                error: Any = {"Error": {"Code": "AccessDenied", "Message": "no permission"}}
                raise ClientError(error, operation)
            return call(client, operation, arguments)

        self.patch.setattr(botocore.client.BaseClient, "_make_api_call", called)

    def comparison(self) -> str:
        """Start a comparison in the account, and return its ARN."""
        client = self.client("stepfunctions")
        arn: str = client.start_execution(stateMachineArn=self.machine)["executionArn"]
        return arn


@pytest.fixture
def world(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty catalog that has just been deployed, with an alarm for failures and each reader."""
    session: Any = catalog.session
    kms = session.client("kms")
    keys = {name: kms.create_key()["KeyMetadata"]["Arn"] for name in ("DATA", "QUEUE")}
    machine = session.client("stepfunctions").create_state_machine(
        name=catalog.bucket[:60], definition=DEFINITION, roleArn=ROLE
    )["stateMachineArn"]
    topic = f"arn:aws:sns:us-east-1:123456789012:{catalog.bucket}"
    outputs = replace(
        catalog.outputs,
        data_key_arn=keys["DATA"],
        queue_key_arn=keys["QUEUE"],
        alarms_topic_arn=topic,
        reconcile_machine_arn=machine,
        publish_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{catalog.bucket}-publish",
    )
    world = World(replace(catalog, outputs=outputs), monkeypatch, machine, {}, {}, keys)
    world.stacks["Catalog"] = "CREATE_COMPLETE"

    def find(_: object, stack: str, _kind: object) -> object:
        if stack != "Catalog":
            raise NoStackError
        return world.catalog.outputs

    def describe(_: object, stack: str) -> dict[str, Any] | None:
        if stack not in world.stacks:
            return None
        return {
            "StackName": stack,
            "Description": "reinventure: any",
            "StackStatus": world.stacks[stack],
            "CreationTime": datetime(2026, 11, 1, tzinfo=UTC),
            "LastUpdatedTime": datetime(2026, 11, 23, 12, tzinfo=UTC),
        }

    def read(_: object, bucket: str) -> SimpleNamespace:
        state = world.switches[bucket]
        if isinstance(state, str):
            raise ClientError({"Error": {"Code": state}}, "GetBucketNotificationConfiguration")
        return SimpleNamespace(on=state)

    monkeypatch.setattr(deployed_stack, "find", find)
    monkeypatch.setattr(deployed_stack, "describe", describe)
    monkeypatch.setattr(BucketNotifications, "read", read)
    world.alarm(
        "FailuresWaiting",
        DEPTH,
        "QueueName",
        f"{catalog.bucket}-ingest",
        "What ingest failed on waits: `reinventure failed`. docs/runbook.md#failures",
    )
    for name, threshold in (("publish", 301_000), ("totals", 360_000)):
        world.alarm(
            f"{name}Late",
            "IteratorAge",
            "FunctionName",
            f"{catalog.bucket}-{name}",
            f"The reader {name} is late: `aws logs tail {name}`. docs/runbook.md#late",
            Threshold=threshold,
        )
    return world


def seen(run: Run, *arguments: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Run `status --json`; return its exit code, and the checks by subject."""
    result = run("status", "--json", *arguments)
    checks: dict[str, list[dict[str, Any]]] = {}
    for line in result.stdout.splitlines():
        check = json.loads(line)
        checks.setdefault(check["subject"], []).append(check)
    return result.exit_code, checks


def wrong(checks: dict[str, list[dict[str, Any]]], state: str = "wrong") -> list[dict[str, Any]]:
    """The checks in `state`."""
    return [each for found in checks.values() for each in found if each["state"] == state]


def test_an_empty_new_catalog_is_fine(world: World, run: Run) -> None:
    result = run("status")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Catalog in us-east-1: fine."
    assert {line.split("  ")[0] for line in lines[1:]} == {"fine"}
    code, checks = seen(run)
    assert code == 0
    assert {name: [each["detail"] for each in found] for name, found in checks.items()} == {
        "deployment": ["Catalog is CREATE_COMPLETE"],
        "keys": ["DATA and QUEUE are enabled"],
        "failures": ["none, in 3 dead-letter queues"],
        "publish": ["nothing to read in the last 15 minutes"],
        "totals": ["nothing to read in the last 15 minutes"],
        "comparison": ["none has ended in the account yet"],
        "found equal": [
            f"s3://{world.catalog.bucket}/ never yet: `reinventure verify` compares now"
        ],
        "alarms": ["all are off, 3 in all"],
    }


def test_a_catalog_at_work_is_fine(world: World, run: Run) -> None:
    moment = datetime(2026, 11, 26, 3, 17, tzinfo=UTC)
    world.catalog.last_verified().record(world.catalog.bucket, moment)
    world.measure(
        "AWS/Lambda", "IteratorAge", "FunctionName", f"{world.catalog.bucket}-totals", 59_400
    )
    code, checks = seen(run)
    assert code == 0
    assert checks["totals"][0]["detail"] == "59.4 s behind in the table's stream"
    assert (
        checks["found equal"][0]["detail"]
        == "every bucket was, at 2026-11-26T03:17:00.000Z or later"
    )


def test_failures_that_wait(world: World, run: Run) -> None:
    for _ in range(2):
        world.client("sqs").send_message(
            QueueUrl=world.catalog.outputs.failure_queue_url, MessageBody="{}"
        )
    world.on("FailuresWaiting")
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["detail"] == "2 of ingest wait (`reinventure failed` lists them)"
    assert check["remedy"] == "reinventure redrive --all"
    # That of the alarm.
    assert utc_now() - datetime.fromisoformat(check["since"]) < timedelta(minutes=1)
    assert checks["alarms"][0]["detail"] == "all others are off, 3 in all"


def test_failures_of_totals_are_counted_by_repair(world: World, run: Run) -> None:
    url = world.catalog.outputs.totals_failure_queue_url
    world.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    code, checks = seen(run)
    assert (code, [each["remedy"] for each in wrong(checks)]) == (1, ["reinventure repair"])


@pytest.mark.parametrize("reader", ["totals", "publish"])
def test_a_reader_that_is_late(world: World, run: Run, reader: str) -> None:
    name = f"{world.catalog.bucket}-{reader}"
    world.measure("AWS/Lambda", "IteratorAge", "FunctionName", name, 600_000)
    world.on(f"{reader}Late")
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["subject"] == reader
    assert check["detail"] == "600.0 s behind in the table's stream"
    assert check["remedy"] == f"aws logs tail {reader}"
    late = utc_now() - datetime.fromisoformat(check["since"])
    assert timedelta(minutes=9) < late < timedelta(minutes=11)


def test_a_reader_that_is_switched_off(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def called(client: Any, operation: str, arguments: Any) -> Any:
        if operation != "ListEventSourceMappings":
            return call(client, operation, arguments)
        on = not arguments["FunctionName"].endswith("-publish")
        mapping = {"UUID": "u", "State": "Enabled" if on else "Disabled", "LastModified": utc_now()}
        return {"EventSourceMappings": [mapping]}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", called)
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert (check["subject"], check["remedy"]) == (
        "publish",
        "aws lambda update-event-source-mapping --uuid u --enabled",
    )


@pytest.fixture
def attached(world: World) -> World:
    """The same catalog, with two attached buckets."""
    outputs = replace(world.catalog.outputs, attached_buckets="logs-prod,photos-prod/2026/")
    world.catalog = replace(world.catalog, outputs=outputs)
    world.switches |= {"logs-prod": True, "photos-prod": True}
    return world


def test_attached_buckets_that_send_their_events(attached: World, run: Run) -> None:
    code, checks = seen(run)
    assert code == 0
    assert checks["buckets"][0]["detail"] == "2 attached, all send their events"


def test_an_attached_bucket_that_is_off(attached: World, run: Run) -> None:
    attached.switches["photos-prod"] = False
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["detail"] == "s3://photos-prod sends no events: EventBridge is off there"
    assert check["remedy"] == "reinventure attach s3://photos-prod/2026/"


def test_an_attached_bucket_that_is_gone(attached: World, run: Run) -> None:
    attached.switches["photos-prod"] = "NoSuchBucket"
    code, checks = seen(run)
    assert (code, wrong(checks)[0]["remedy"]) == (
        1,
        "reinventure detach s3://photos-prod/2026/",
    )


def test_a_prefix_is_quoted_for_a_shell(attached: World, run: Run) -> None:
    outputs = replace(attached.catalog.outputs, attached_buckets="logs-prod/`x`; 2026/")
    attached.catalog = replace(attached.catalog, outputs=outputs)
    attached.switches["logs-prod"] = False
    _, checks = seen(run)
    assert wrong(checks)[0]["remedy"] == "reinventure attach 's3://logs-prod/`x`; 2026/'"


def test_a_switch_that_may_not_be_read_is_not_wrong(attached: World, run: Run) -> None:
    attached.switches["photos-prod"] = "AccessDenied"
    code, checks = seen(run)
    assert (code, wrong(checks)) == (2, [])
    assert "s3://photos-prod" in wrong(checks, "could not look")[0]["detail"]


def test_a_comparison_that_failed(world: World, run: Run) -> None:
    execution = world.comparison()
    world.client("stepfunctions").stop_execution(executionArn=execution)
    world.alarm("ReconcileStopped", "ExecutionsAborted", "StateMachineArn", world.machine, "It was")
    world.on("ReconcileStopped")
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["detail"] == f"the last one in the account was stopped: {execution}"
    assert (
        check["remedy"] == f"aws stepfunctions start-execution --state-machine-arn {world.machine}"
    )
    assert check["since"]


@pytest.mark.parametrize(
    ("name", "metric", "what"),
    [
        ("ReconcileLate", "ExecutionsSucceeded", "No comparison succeeded in 36 hours"),
        ("ReconcileDifferent", "RepairedRows", "More than 100 rows differed in a day"),
    ],
)
def test_a_comparison_that_is_late_or_finds_too_much(
    world: World, run: Run, name: str, metric: str, what: str
) -> None:
    description = f"{what}: `reinventure verify`. docs/runbook.md#{name.lower()}"
    world.alarm(name, metric, "StateMachineArn", world.machine, description)
    world.on(name)
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["detail"] == f"{world.catalog.bucket}-{name}: {what}"
    assert (check["remedy"], bool(check["since"])) == ("reinventure verify", True)


def test_a_key_that_is_disabled(world: World, run: Run) -> None:
    arn = world.keys["QUEUE"]
    world.client("kms").disable_key(KeyId=arn.split("/")[-1])
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["detail"] == "the key QUEUE is Disabled"
    assert check["remedy"] == f"aws kms enable-key --key-id {arn}"


def test_a_key_that_will_be_deleted(world: World, run: Run) -> None:
    arn = world.keys["DATA"]
    world.client("kms").schedule_key_deletion(KeyId=arn.split("/")[-1])
    code, checks = seen(run)
    assert (code, wrong(checks)[0]["detail"]) == (1, "the key DATA is PendingDeletion")
    assert wrong(checks)[0]["remedy"].startswith(f"aws kms cancel-key-deletion --key-id {arn}")


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"])
def test_a_deployment_that_failed(world: World, run: Run, status: str) -> None:
    world.stacks[SQL] = status
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert (check["detail"], check["since"]) == (f"Sql is {status}", "2026-11-23T12:00:00+00:00")


def test_a_running_deployment_is_fine(world: World, run: Run) -> None:
    world.stacks["Catalog"] = "UPDATE_IN_PROGRESS"
    assert seen(run)[0] == 0


def test_alarms_that_may_not_be_read(world: World, run: Run) -> None:
    world.deny("DescribeAlarms")
    result = run("status")
    assert result.exit_code == 2
    assert result.stdout.startswith("Catalog in us-east-1: 1 not seen.\n")
    [line] = [each for each in result.stdout.splitlines() if each.startswith("could not look")]
    assert "DescribeAlarms: AccessDenied: no permission" in line


def test_what_is_wrong_counts_more_than_what_was_not_seen(world: World, run: Run) -> None:
    world.deny("DescribeKey", "ListExecutions")
    world.client("sqs").send_message(
        QueueUrl=world.catalog.outputs.failure_queue_url, MessageBody="{}"
    )
    result = run("status")
    assert result.exit_code == 1
    assert result.stdout.startswith("Catalog in us-east-1: 1 WRONG, 2 not seen.\n")


def test_what_cannot_be_seen_its_alarm_still_shows(world: World, run: Run) -> None:
    world.deny("GetQueueAttributes")
    world.on("FailuresWaiting")
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert (check["subject"], check["remedy"]) == ("alarm", "reinventure failed")


@pytest.fixture
def mirrored(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same catalog, with an SQL mirror."""
    find, sqs = deployed_stack.find, world.client("sqs")
    name = f"{world.catalog.bucket}-mirror"
    failures = sqs.create_queue(QueueName=f"{name}-failures")["QueueUrl"]
    outputs = SqlOutputs(
        cluster_arn="c",
        reader_secret_arn="s",  # noqa: S106 (the name of none)
        mirror_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        mirror_failure_queue_url=failures,
        mirror_queue_url=f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}",
    )

    def found(client: Any, stack: str, kind: Any) -> object:
        return outputs if stack == SQL else find(client, stack, kind)

    monkeypatch.setattr(deployed_stack, "find", found)
    return world


def test_a_mirror_that_does_not_follow(
    mirrored: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seen(run)[1]["mirror"][0]["state"] == "fine"
    call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def called(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "GetFunctionConfiguration":
            return {"LoggingConfig": {"LogGroup": "Sql-MirrorLogs"}}
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", called)
    name = f"{mirrored.catalog.bucket}-mirror"
    mirrored.measure("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name, 3600)
    code, checks = seen(run)
    assert code == 1
    [check] = wrong(checks)
    assert check["subject"] == "mirror"
    assert check["detail"].startswith("a change waits for 60 minutes")
    assert check["remedy"] == "aws logs tail Sql-MirrorLogs --since 1h"
    # The name of the log is not worth the finding.
    mirrored.deny("GetFunctionConfiguration")
    code, checks = seen(run)
    [check] = wrong(checks)
    assert (code, check["subject"], check["remedy"]) == (1, "mirror", "see docs/runbook.md")


def test_what_fixes_another_stack_names_it(world: World, run: Run) -> None:
    find = deployed_stack.find
    world.patch.setattr(deployed_stack, "find", lambda c, _, kind: find(c, "Catalog", kind))
    world.stacks["SC-1"] = "CREATE_COMPLETE"
    url = world.catalog.outputs.totals_failure_queue_url
    world.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    result = run("status", "--stack", "SC-1", "--region", "us-east-1")
    assert "-> reinventure repair --stack SC-1 --region us-east-1\n" in result.stdout


def test_a_command_of_the_aws_cli_has_profile_and_region() -> None:
    remedy = "aws kms cancel-key-deletion --key-id K && aws kms enable-key --key-id K"
    check = Check("key", State.WRONG, "", remedy=remedy)
    given = {"--stack": "SC-1", "--profile": "my profile", "--region": "eu-west-1"}
    assert json.loads(check_json(check, given))["remedy"] == (
        "aws kms cancel-key-deletion --key-id K --profile 'my profile' --region eu-west-1 && "
        "aws kms enable-key --key-id K --profile 'my profile' --region eu-west-1"
    )
    ours = replace(check, remedy="reinventure attach 's3://b/a && b/'")
    shown = json.loads(check_json(ours, {"--stack": "SC-1"}))["remedy"]
    assert shown == "reinventure attach 's3://b/a && b/' --stack SC-1"
    text = replace(check, remedy="see docs/runbook.md")
    assert json.loads(check_json(text, given))["remedy"] == "see docs/runbook.md"


def test_times_of_the_json_are_in_utc() -> None:
    # As boto3 has them: in the zone of this machine.
    since = datetime(2026, 11, 27, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    shown = json.loads(check_json(Check("reader", State.WRONG, "late", since)))
    assert shown["since"] == "2026-11-26T21:00:00+00:00"


def test_a_refusal_hides_nothing_that_was_seen_before() -> None:
    def see() -> Iterator[Check]:
        yield Check("failures", State.WRONG, "2 of ingest wait")
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetQueueAttributes")

    found = Look("failures", see).checks()
    assert [each.state for each in found] == [State.WRONG, State.NOT_SEEN]


def test_an_account_without_a_catalog_is_an_error(world: World, run: Run) -> None:
    def find(*_: object) -> None:
        raise NoStackError("no stack 'Catalog' in region us-east-1: deploy it")

    world.patch.setattr(deployed_stack, "find", find)
    result = run("status")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "reinventure: no stack 'Catalog' in region us-east-1: deploy it\n"
