"""The claim, on the local cloud: whatever happens, the catalog ends equal to the bucket."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import boto3
import pytest

from reinventure.aws import account_comparison
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.queue_depth import depth
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences, wait_until_equal
from reinventure.local.product_launch import launch
from s3_catalog.model.timestamps import utc_now
from stacks.catalog.stack import CatalogStack
from stacks.settings.settings import Settings
from tests import assembly
from tests.local.command import run
from tests.local.function_processes import MOST, counted
from tests.local.leftovers import wait_until_handled
from tests.local.storm import WRITERS, storm
from tests.local.totals import expect_totals
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

    from reinventure.aws.account_comparison import RangesDone


def waiting(catalog: DeployedCatalog) -> int:
    """The number of messages in the dead-letter queue."""
    return depth(catalog.session.client("sqs"), catalog.outputs.failure_queue_url)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_ends_equal(catalog: DeployedCatalog, cloud: Cloud, seed: int) -> None:
    storm(catalog, 300, seed)
    assert wait_until_equal(catalog, PATIENCE) == []
    verified = run("verify", environment=cloud.environment)
    assert verified.returncode == 0
    assert verified.stdout.startswith("EQUAL")


def test_failed_events_are_redriven(catalog: DeployedCatalog, cloud: Cloud) -> None:
    function: LambdaClient = catalog.session.client("lambda")
    name = catalog.outputs.ingest_arn.rpartition(":")[0]
    sound = function.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = {**sound, "TABLE_NAME": "no-such-table"}

    def failures() -> list[dict[str, Any]]:
        # An event of an earlier test may be tried again now.
        listed = run("failed", "--json", environment=cloud.environment).stdout.splitlines()
        failed: list[dict[str, Any]] = [json.loads(line) for line in listed]
        return [each for each in failed if any(key.startswith("failing/") for key in each["keys"])]

    # Duplicates of earlier tests would fail as well, and be tried again before the events here.
    wait_until_handled(catalog)
    function.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        for n in range(5):
            catalog.s3.put_object(Bucket=catalog.bucket, Key=f"failing/{n}", Body=b"x")
        catalog.s3.delete_object(Bucket=catalog.bucket, Key="failing/0")
        wait_until(lambda: len(failures()) == 6)

        failed = failures()
        assert sorted(key for failure in failed for key in failure["keys"]) == sorted(
            ["failing/0", *(f"failing/{n}" for n in range(5))]
        )
        assert all("AccessDenied" in failure["reason"] for failure in failed)

        again = run("redrive", failed[0]["id"][:8], environment=cloud.environment)
        assert again.returncode == 1
        assert again.stdout == "0 redriven, 1 failed again.\n"
        assert len(failures()) == 6
    finally:
        function.update_function_configuration(FunctionName=name, Environment={"Variables": sound})

    one = run("redrive", failed[0]["id"], environment=cloud.environment)
    assert one.stdout == "1 redriven, 0 failed again.\n", one.stderr
    assert len(failures()) == 5
    rest = run("redrive", "--all", environment=cloud.environment)
    assert rest.returncode == 0, rest.stderr
    assert rest.stdout.endswith(" redriven, 0 failed again.\n")
    assert failures() == []
    assert wait_until_equal(catalog, PATIENCE) == []


def test_repair_corrects_what_no_event_reported(catalog: DeployedCatalog, cloud: Cloud) -> None:
    s3, bucket = catalog.s3, catalog.bucket
    for key in ("lost/ghost", "lost/stale", "lost/same"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"first")
    s3.put_object(Bucket=bucket, Key="lost/risen", Body=b"first")
    s3.delete_object(Bucket=bucket, Key="lost/risen")
    assert wait_until_equal(catalog, PATIENCE) == []
    notifications = s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        s3.delete_object(Bucket=bucket, Key="lost/ghost")
        s3.put_object(Bucket=bucket, Key="lost/stale", Body=b"second")
        s3.put_object(Bucket=bucket, Key="lost/missing ü", Body=b"new")
        s3.put_object(Bucket=bucket, Key="lost/risen", Body=b"again")
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "LambdaFunctionConfigurations": notifications["LambdaFunctionConfigurations"]
            },
        )

    verified = run("verify", "lost/", "--json", environment=cloud.environment)
    assert verified.returncode == 1
    found = map(json.loads, verified.stdout.splitlines())
    assert [(d["kind"], d["key"]) for d in found] == [
        ("ghost", "lost/ghost"),
        ("missing", "lost/missing ü"),
        ("missing", "lost/risen"),
        ("stale", "lost/stale"),
    ]
    repaired = run("repair", environment=cloud.environment)
    assert repaired.returncode == 0, repaired.stderr
    assert repaired.stdout.startswith("Repaired 4 of ")
    assert "\nCorrected the totals of 0 of " in repaired.stdout
    expect_totals(catalog)
    assert run("verify", environment=cloud.environment).returncode == 0

    s3.put_object(Bucket=bucket, Key="lost/missing ü", Body=b"newer")
    assert wait_until_equal(catalog, PATIENCE) == []


TRANSPORTS: dict[str, dict[str, Any]] = {
    "sqs": {"transport": "sqs", "reconcile": "nightly"},
    "sns": {"transport": "sns"},
    "eventbridge": {"transport": "eventbridge"},
}
"""The settings of further catalogs on the local cloud, one for each other transport."""


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The template of each catalog. The Catalog stack has published the same code."""
    folder = tmp_path_factory.mktemp("cdk.out")

    def stacks(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
        for transport, changes in TRANSPORTS.items():
            last = CatalogStack(app, f"{name}-{transport}", replace(settings, **changes))
        return last

    assembly.write(stacks, CATALOG, folder, local="true")
    return {each: folder / f"{CATALOG}-{each}.template.json" for each in TRANSPORTS}


@pytest.fixture(scope="module")
def launched(cloud: Cloud) -> Iterator[set[str]]:
    """The names of the stacks that tests have made; they are deleted after the last test."""
    names: set[str] = set()
    yield names
    for name in names:
        boto3.client("cloudformation", **cloud.access).delete_stack(StackName=name)


@pytest.fixture
def catalog_with(
    session: boto3.Session, templates: dict[str, Path], launched: set[str]
) -> Callable[[str], DeployedCatalog]:
    """A function that returns a catalog with another transport."""

    def find(transport: str) -> DeployedCatalog:
        name = f"{CATALOG}-{transport}"
        if name in launched:
            return deployed.find(session, name)
        launched.add(name)
        return launch(session, templates[transport], name)

    return find


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_storm_ends_equal_whatever_the_transport(
    catalog_with: Callable[[str], DeployedCatalog], transport: str
) -> None:
    catalog = catalog_with(transport)
    storm(catalog, 300, seed=3)
    assert wait_until_equal(catalog, PATIENCE) == []
    expect_totals(catalog)
    assert waiting(catalog) == 0


def test_the_nightly_state_machine_repairs(
    catalog_with: Callable[[str], DeployedCatalog],
) -> None:
    catalog = catalog_with("sqs")
    s3, bucket = catalog.s3, catalog.bucket
    s3.put_object(Bucket=bucket, Key="night/ghost", Body=b"x")
    assert wait_until_equal(catalog, PATIENCE) == []
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    s3.delete_object(Bucket=bucket, Key="night/ghost")
    for folder in range(5):
        s3.put_object(Bucket=bucket, Key=f"night/{folder}/missing", Body=b"x")
    assert len(differences(catalog)) == 6

    steps = catalog.session.client("stepfunctions")
    [machine] = steps.list_state_machines()["stateMachines"]

    def compare() -> datetime | None:
        """Run a comparison, and return when the last one began that found the bucket equal."""
        started = steps.start_execution(stateMachineArn=machine["stateMachineArn"])
        execution = started["executionArn"]
        wait_until(lambda: steps.describe_execution(executionArn=execution)["status"] != "RUNNING")
        ended = steps.describe_execution(executionArn=execution)
        assert ended["status"] == "SUCCEEDED", ended
        return catalog.last_verified().moments().get(bucket)

    assert compare() is None, "it was not equal before"
    assert differences(catalog) == []
    before = utc_now()
    moment = compare()
    assert moment
    # The emulator starts it in whole milliseconds or less.
    assert before - timedelta(seconds=1) <= moment <= utc_now()

    # As `repair` starts it for the rest of a large bucket: it leaves the other keys alone.
    for folder in range(5):
        s3.put_object(Bucket=bucket, Key=f"night/{folder}/later", Body=b"x")
    reported: list[RangesDone] = []
    comparison = account_comparison.start(catalog, "night/", "night/1/")
    comparison.wait(reported.append, lambda: time.sleep(0.2))
    assert [each.key for each in differences(catalog)] == ["night/0/later"]
    assert reported[-1].done == reported[-1].ranges > 1
    with pytest.raises(UserError, match="ended as FAILED"):
        account_comparison.start(replace(catalog, chosen="no-such-bucket"), "", "").wait(
            reported.append, lambda: time.sleep(0.2)
        )


def test_a_burst_on_busy_processors_loses_no_event(catalog: DeployedCatalog, cloud: Cloud) -> None:
    before = waiting(catalog)

    def put(n: int) -> None:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"busy/{n}", Body=b"x" * n)

    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        with counted(cloud) as counts:
            with ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(put, range(1000)))
            assert wait_until_equal(catalog, PATIENCE) == []
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    # Each key had one event, and each has its row: none is left that could still fail.
    assert waiting(catalog) == before
    assert max(counts) <= MOST
