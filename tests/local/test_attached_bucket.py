"""A catalog with a bucket of its own and one that existed before, which others use as well."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import boto3
import pytest

from reinventure import cdk_cli as cdk
from reinventure.aws import account_comparison
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.status import alarm_states
from reinventure.cli import maintenance
from reinventure.errors import UserError
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from s3_catalog.model.timestamps import utc_now
from stacks.catalog.stack import CatalogStack
from tests import assembly
from tests.local.command import run
from tests.local.existing_bucket import Existing
from tests.local.query_user import query_user
from tests.local.runbook import do
from tests.waiting import PATIENCE, wait_until

STACK = "Catalog-attached"


@pytest.fixture
def existing(session: boto3.Session) -> Existing:
    return Existing(session)


@pytest.fixture
def many(
    cloud: Cloud, session: boto3.Session, existing: Existing, tmp_path: Path
) -> Iterator[DeployedCatalog]:
    """A catalog with a bucket of its own and the keys below `in/` of the existing one."""
    folder = assembly.write(
        CatalogStack, STACK, tmp_path / "out", local="true", buckets=f"create,{existing.name}/in/"
    )
    # By the CDK, which publishes the code of the functions of attached buckets.
    cdk.run_quietly(
        *("deploy", STACK, "--app", str(folder), "--require-approval", "never", "--no-notices"),
        environment={**os.environ, **cloud.environment},
        log=tmp_path / "deploy.log",
    )
    cloudformation = session.client("cloudformation")
    yield deployed.find(session, STACK)
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    assert not existing.sends_to_eventbridge(), "it was off before"


def test_both_buckets_end_equal_and_the_notifications_of_others_stay(
    cloud: Cloud, session: boto3.Session, existing: Existing, many: DeployedCatalog
) -> None:
    found, received = existing.entries(), existing.others_received()
    assert [entry["Id"] for entry in found] == ["thumbnails"]
    assert existing.sends_to_eventbridge()
    own, attached = many.own(), many.choose(existing.name)
    before = utc_now().isoformat()
    url = f"s3://{existing.name}/"

    def command(*arguments: str, **environment: str) -> str:
        ended = run(*arguments, "--stack", STACK, environment=cloud.environment | environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    # What was there before has no event.
    assert command("repair", url).startswith("Repaired 1 of 1 keys compared.\n")
    for catalog in (own, attached):
        for key in ("in/kept", "in/overwritten", "in/deleted", "in/ü + 1.jpg", "out/new"):
            many.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"1")
        many.s3.put_object(Bucket=catalog.bucket, Key="in/overwritten", Body=b"22")
        many.s3.delete_object(Bucket=catalog.bucket, Key="in/deleted")
    for catalog in (own, attached):
        assert wait_until_equal(catalog, PATIENCE) == []
    assert command("verify", f"s3://{own.bucket}/") == "EQUAL: 4 keys compared.\n"
    assert command("verify", url) == "EQUAL: 4 keys compared.\n"
    verified = command("verify")
    assert verified.endswith("\nEQUAL: 8 keys compared in 2 buckets.\n")
    assert f"{url}: EQUAL: 4 keys compared.\n" in verified
    assert [line.split(maxsplit=3)[-1] for line in command("ls", url).splitlines()] == [
        "in/before + ü.jpg",
        "in/kept",
        "in/overwritten",
        "in/ü + 1.jpg",
    ]
    assert attached.store().read(existing.name, "out/new") is None
    gone = attached.store().read(existing.name, "in/deleted")
    assert gone
    assert gone.deleted

    def states() -> dict[str, tuple[int, object]]:
        lines = map(json.loads, command("buckets", "--json").splitlines())
        return {each["bucket"]: (each["objects"], each["problem"]) for each in lines}

    expected = {own.bucket: (4, None), existing.name: (4, None)}
    wait_until(lambda: states() == expected, left=states)
    for line in map(json.loads, command("buckets", "--json").splitlines()):
        assert before < line["newest_event"] < line["last_verified"]
        assert line["lag_seconds"] >= 0
    owner = [command("verify", url), command("stat", f"{url}in/kept"), command("buckets")]
    assert many.outputs.catalog_reader_arns
    with query_user(session, many.outputs.catalog_reader_arns.split(",")) as reader:
        assert owner == [
            command("verify", url, **reader),
            command("stat", f"{url}in/kept", **reader),
            command("buckets", **reader),
        ]

    assert existing.entries() == found
    wait_until(lambda: existing.others_received() == received + 1)
    _somebody_turns_the_switch_off(cloud, existing, attached)
    assert existing.entries() == found
    _nightly_comparison_of_a_forbidden_bucket(own, attached)


def _somebody_turns_the_switch_off(
    cloud: Cloud, existing: Existing, attached: DeployedCatalog
) -> None:
    """As docs/runbook.md says: the check fails, `status` names the bucket, and attach fixes it."""
    functions = attached.session.client("lambda")
    [alarm] = [
        each
        for each in alarm_states.read(attached)
        if each.description.endswith("#an-attached-bucket-is-off")
    ]
    assert alarm.metric
    check = alarm.metric.value

    def status() -> list[dict[str, object]]:
        shown = run("status", "--json", f"--stack={STACK}", environment=cloud.environment)
        lines = map(json.loads, shown.stdout.splitlines())
        return [each for each in lines if each["subject"] in ("bucket", "alarm")]

    def check_fails() -> bool:
        # EventBridge invokes it every hour.
        return "FunctionError" in functions.invoke(FunctionName=check)

    assert (status(), check_fails()) == ([], False)
    others = attached.s3.get_bucket_notification_configuration(Bucket=existing.name)
    attached.s3.put_bucket_notification_configuration(
        Bucket=existing.name,
        NotificationConfiguration={"QueueConfigurations": others["QueueConfigurations"]},
        SkipDestinationValidation=True,
    )
    attached.s3.put_object(Bucket=existing.name, Key="in/unseen", Body=b"1")
    assert check_fails()
    wait_until(lambda: len(status()) == 2, left=status)
    names = {
        "STACK": STACK,
        "s3://BUCKET/": f"s3://{existing.name}/",
        "BUCKET": f"{existing.name}/in/",
    }
    with pytest.MonkeyPatch.context() as patch:
        # The change is counted at once here: there is no window to wait for.
        patch.setattr(maintenance, "_pause", lambda *_: None)
        do("An attached bucket is off", cloud, attached.session, names)
    assert not check_fails()
    wait_until(lambda: status() == [], left=status)
    assert attached.store().read(existing.name, "in/unseen")


def _nightly_comparison_of_a_forbidden_bucket(
    own: DeployedCatalog, attached: DeployedCatalog
) -> None:
    """It fails, and has compared the other bucket all the same."""
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
        "Resource": f"arn:aws:s3:::{attached.bucket}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    verified = own.last_verified().moments()
    own.s3.put_bucket_policy(Bucket=attached.bucket, Policy=policy)
    try:
        client = own.session.client("stepfunctions")
        machine = own.outputs.reconcile_machine_arn
        assert machine
        execution = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        with pytest.raises(UserError, match=rf"could not be compared of {attached.bucket} \("):
            account_comparison.resume(own, execution).wait(lambda _: None, lambda: sleep(0.2))
    finally:
        own.s3.delete_bucket_policy(Bucket=attached.bucket)
    after = own.last_verified().moments()
    assert after[own.bucket] > verified[own.bucket]
    assert after[attached.bucket] == verified[attached.bucket]
