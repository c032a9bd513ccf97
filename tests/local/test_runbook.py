"""docs/runbook.md, rehearsed: a fault, its alarm, the commands of the section, and no alarm."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.status import alarm_states
from reinventure.cli import maintenance
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from reinventure.local.product_launch import launch
from s3_catalog.model.timestamps import utc_now
from stacks.catalog.stack import CatalogStack
from tests import assembly
from tests.local.command import run
from tests.local.leftovers import wait_until_handled
from tests.local.runbook import do
from tests.waiting import PATIENCE, wait_until

STACK = "Catalog-runbook"

ENVIRONMENT = {"ingest": "TABLE_NAME", "totals": "TOTALS_TABLE_NAME", "publish": "TOPIC_ARN"}
"""A variable of each function without which it fails."""


class OnCall:
    """A person on call for `catalog`: who sees its alarms, and does what a section says."""

    def __init__(self, catalog: DeployedCatalog, cloud: Cloud, stack: str | None = None) -> None:
        self.catalog, self.cloud = catalog, cloud
        self._names = {"STACK": stack} if stack else {}

    def alarm(self, section: str) -> alarm_states.AlarmState:
        """The alarm whose description names the section."""
        end = "#" + section.lower().replace(" ", "-")
        found = alarm_states.read(self.catalog)
        [alarm] = [each for each in found if each.description.endswith(end)]
        return alarm

    def sees(self, section: str) -> None:
        """Wait until the alarm of the section is on; `status` exits with 1 and names a command."""
        wait_until(lambda: self.alarm(section).on, left=lambda: self.alarm(section))
        status = self._status()
        assert status.returncode == 1, status.stdout
        [*wrong] = [
            check
            for check in map(json.loads, status.stdout.splitlines())
            if check["state"] == "wrong"
        ]
        assert wrong
        assert all(check["remedy"] for check in wrong)

    def does(self, section: str, **names: str) -> None:
        """Run the commands of the section, with `names` in place of its words in capitals."""
        do(section, self.cloud, self.catalog.session, {**self._names, **names})

    def sees_it_clear(self, section: str) -> None:
        """Wait until the alarm of the section is off, and `status` exits with 0."""
        wait_until(lambda: not self.alarm(section).on, left=lambda: self.alarm(section))
        wait_until(lambda: self._status().returncode == 0, left=lambda: self._status().stdout)

    def _status(self) -> Any:
        options = [f"--stack={stack}" for stack in self._names.values()]
        return run("status", "--json", *options, environment=self.cloud.environment)


@pytest.fixture
def on_call(catalog: DeployedCatalog, cloud: Cloud, no_dead_letters: None) -> OnCall:
    """On call for the catalog of all tests."""
    return OnCall(catalog, cloud)


def function(catalog: DeployedCatalog, name: str) -> str:
    """The name of one of the functions of the catalog."""
    if name == "totals":
        [alarm] = [
            each
            for each in alarm_states.read(catalog)
            if each.description.endswith("#totals-is-late") and each.metric
        ]
        assert alarm.metric
        return alarm.metric.value
    arn = catalog.outputs.ingest_arn if name == "ingest" else catalog.outputs.publish_arn
    return arn.split(":")[6]


@contextmanager
def failing(catalog: DeployedCatalog, name: str, variable: str) -> Iterator[None]:
    """Let the function `name` fail: a variable of its environment is wrong."""
    client = catalog.session.client("lambda")
    sound = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = {**sound, variable: f"{sound[variable]}-no-such"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": sound})


def put(catalog: DeployedCatalog, prefix: str) -> None:
    for number in range(3):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"{prefix}/{number}", Body=b"x" * number)


def test_failures_of_ingest(on_call: OnCall) -> None:
    catalog = on_call.catalog
    # Duplicates of earlier tests would fail as well.
    wait_until_handled(catalog)
    with failing(catalog, function(catalog, "ingest"), ENVIRONMENT["ingest"]):
        put(catalog, "runbook/ingest")
        on_call.sees("Failures of ingest wait")
        # All three, so that none comes after the redrive.
        wait_until(lambda: depth(catalog, catalog.outputs.failure_queue_url) == 3)
    on_call.does("Failures of ingest wait")
    on_call.sees_it_clear("Failures of ingest wait")
    assert wait_until_equal(catalog, PATIENCE) == []


def depth(catalog: DeployedCatalog, url: str) -> int:
    found = catalog.session.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


@contextmanager
def impatient(catalog: DeployedCatalog, name: str) -> Iterator[None]:
    """Let Lambda discard batches of a reader of the stream after a second, not after hours."""
    client = catalog.session.client("lambda")
    [found] = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    age = found["MaximumRecordAgeInSeconds"]
    client.update_event_source_mapping(UUID=found["UUID"], MaximumRecordAgeInSeconds=1)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=found["UUID"], MaximumRecordAgeInSeconds=age)


@pytest.mark.parametrize(
    ("reader", "section"),
    [
        pytest.param("totals", "Failures of totals wait"),
        pytest.param("publish", "Failures of publish wait"),
    ],
)
def test_failures_of_a_reader_of_the_stream(
    on_call: OnCall, reader: str, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is on its way here, for which a recount would wait half a minute.
    monkeypatch.setattr(maintenance, "_pause", lambda *_: None)
    catalog = on_call.catalog
    name = function(catalog, reader)
    with failing(catalog, name, ENVIRONMENT[reader]), impatient(catalog, name):
        put(catalog, f"runbook/{reader}")
        on_call.sees(section)
        wait_until(lambda: age(on_call, reader) == 0)
    on_call.does(section)
    on_call.sees_it_clear(section)
    assert wait_until_equal(catalog, PATIENCE) == []


def age(on_call: OnCall, reader: str) -> float:
    """The age of the oldest change that `reader` has not read, in milliseconds."""
    metric = on_call.alarm(f"{reader} is late").metric
    assert metric
    found = on_call.catalog.session.client("cloudwatch").get_metric_statistics(
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": metric.dimension, "Value": metric.value}],
        StartTime=utc_now() - timedelta(minutes=1),
        EndTime=utc_now() + timedelta(minutes=1),
        Period=1,
        Statistics=["Minimum"],
    )["Datapoints"]
    newest = max(found, key=lambda point: point["Timestamp"])
    return newest["Minimum"]


@pytest.mark.parametrize(
    ("reader", "section"),
    [pytest.param("totals", "Totals is late"), pytest.param("publish", "Publish is late")],
)
def test_a_reader_that_is_late(on_call: OnCall, reader: str, section: str) -> None:
    """CloudWatch's alarm needs five minutes; here the metric rises, and falls by what fixes it."""
    catalog = on_call.catalog
    with failing(catalog, function(catalog, reader), ENVIRONMENT[reader]):
        put(catalog, f"runbook/late-{reader}")
        wait_until(lambda: age(on_call, reader) > 2_000)
        assert not on_call.alarm(section).on
    wait_until(lambda: age(on_call, reader) == 0)
    on_call.does(section)
    on_call.sees_it_clear(section)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of a catalog that is compared every night."""
    folder = tmp_path_factory.mktemp("runbook")
    assembly.write(CatalogStack, STACK, folder, local="true", reconcile="nightly")
    return folder / f"{STACK}.template.json"


@pytest.fixture(scope="module")
def launched(cloud: Cloud) -> Iterator[list[OnCall]]:
    """On call for the compared catalog, once a test has launched it."""
    on_call: list[OnCall] = []
    yield on_call
    boto3.client("cloudformation", **cloud.access).delete_stack(StackName=STACK)


@pytest.fixture
def compared(
    session: boto3.Session,
    catalog: DeployedCatalog,
    cloud: Cloud,
    template: Path,
    launched: list[OnCall],
) -> OnCall:
    """On call for a catalog that is compared every night."""
    if not launched:
        launched.append(OnCall(launch(session, template, STACK), cloud, STACK))
    return launched[0]


def names(on_call: OnCall) -> dict[str, str]:
    """What the words in capitals of sections about comparisons stand for."""
    cloudformation = on_call.catalog.session.client("cloudformation")
    [rule] = [
        each["PhysicalResourceId"]
        for each in cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::Events::Rule"
    ]
    machine = on_call.catalog.outputs.reconcile_machine_arn
    assert machine
    return {"MACHINE": machine, "RULE": rule}


@contextmanager
def forbidden(catalog: DeployedCatalog) -> Iterator[None]:
    """Let the policy of the bucket deny that its keys are listed."""
    s3, bucket = catalog.s3, catalog.bucket
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    policy = json.loads(before)
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
        "Resource": f"arn:aws:s3:::{bucket}",
    }
    policy["Statement"].append(denied)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


def a_comparison_fails(on_call: OnCall) -> None:
    catalog, machine = on_call.catalog, names(on_call)["MACHINE"]
    with forbidden(catalog):
        start(catalog, machine)
        wait_until(
            lambda: statuses(catalog, machine)[0] == "FAILED",
            left=lambda: statuses(catalog, machine),
        )


def a_comparison_is_stopped(on_call: OnCall) -> None:
    catalog, machine = on_call.catalog, names(on_call)["MACHINE"]

    def stopped() -> bool:
        execution = start(catalog, machine)
        client = catalog.session.client("stepfunctions")
        with suppress(ClientError):  # It has ended before: then the next one is stopped.
            client.stop_execution(executionArn=execution)
        return statuses(catalog, machine)[0] == "ABORTED"

    wait_until(stopped)


def start(catalog: DeployedCatalog, machine: str) -> str:
    client = catalog.session.client("stepfunctions")
    execution: str = client.start_execution(stateMachineArn=machine)["executionArn"]
    return execution


def statuses(catalog: DeployedCatalog, machine: str) -> list[str]:
    """How executions ended, the newest first."""
    client = catalog.session.client("stepfunctions")
    found = client.list_executions(stateMachineArn=machine)["executions"]
    return [each["status"] for each in found]


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        pytest.param("A comparison failed", a_comparison_fails),
        pytest.param("A comparison was stopped", a_comparison_is_stopped),
    ],
)
def test_a_comparison(compared: OnCall, section: str, fault: Callable[[OnCall], None]) -> None:
    fault(compared)
    compared.sees(section)
    compared.does(section, **names(compared))
    compared.sees_it_clear(section)


def test_comparisons_that_are_late(compared: OnCall) -> None:
    """No time passes here: one that did not succeed stands for 36 hours without any."""
    named = names(compared)
    events = compared.catalog.session.client("events")
    events.disable_rule(Name=named["RULE"])
    a_comparison_fails(compared)
    compared.sees("Comparisons are late")
    compared.does("Comparisons are late", **named)
    compared.sees_it_clear("Comparisons are late")
    assert events.describe_rule(Name=named["RULE"])["State"] == "ENABLED"
