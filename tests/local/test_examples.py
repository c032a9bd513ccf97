"""The examples, deployed as their pages say, next to the catalog whose changes they follow."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import duckdb
import PIL
import pytest
from PIL import Image

from reinventure.aws.change_watcher import Watch
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.queue_depth import depth
from reinventure.aws.queue_policy import only_from
from reinventure.aws.queue_subscription import unsubscribe
from reinventure.local.cloud import Cloud
from tests.assembly import ROOT
from tests.local.totals import expect_totals
from tests.waiting import wait_until

STACKS = {"thumbnails": "Thumbnails", "csv_to_duckdb": "CsvFiles", "folder_limit": "FolderLimit"}
"""The stack of each example, by its folder."""

FOLDER, LIMIT = "scans/", 1_000
"""What the page of examples/folder_limit deploys: a folder, and bytes."""

Message = dict[str, Any]


def commands(example: str) -> list[str]:
    """The commands of the page of `example`."""
    page = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").splitlines()


def run(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Run `command` in `folder`, which is like a checkout, with this one's tools."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Without the account that this process may point at.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 (whichever is used)
        cwd=folder,
        env={**ours, **environment, "PATH": path, "CDK_VALIDATION": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def deploy(example: str, folder: Path, cloud: Cloud) -> None:
    """Run what the page says, up to the deployment, in `folder`, as in a checkout."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("build"))
    settings = json.loads((ROOT / "cdk.json").read_text())
    # There is no terminal to confirm on.
    (folder / "cdk.json").write_text(json.dumps({**settings, "requireApproval": "never"}))
    for command in commands(example):
        if command.startswith("pip install") and "--target" in command:
            # The local cloud runs functions with this Python, not with that of Lambda.
            pillow = Path(PIL.__file__).parent
            for package in (pillow, *pillow.parent.glob("pillow.libs")):
                shutil.copytree(package, folder / "examples" / example / "build" / package.name)
        elif command.startswith(("cp ", "cdk deploy ")):
            run(command, folder, cloud.environment)


class Deployed:
    """The examples that are deployed to `cloud`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._cloudformation = boto3.client("cloudformation", **cloud.access)

    def physical_id(self, example: str, kind: str, name: str) -> str:
        """The id of the resource of type `kind` whose logical id is `name` and a hash."""
        stack = self._cloudformation.list_stack_resources(StackName=STACKS[example])
        [found] = [
            each["PhysicalResourceId"]
            for each in stack["StackResourceSummaries"]
            if each["ResourceType"] == kind
            and re.fullmatch(f"{name}[0-9A-F]{{8}}", each["LogicalResourceId"])
        ]
        return found


@pytest.fixture(scope="module")
def deployed(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folders = {example: tmp_path_factory.mktemp(example) for example in STACKS}
    cloudformation = boto3.client("cloudformation", **cloud.access)
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda example: deploy(example, folders[example], cloud), STACKS))
        yield Deployed(cloud)
    finally:
        # Other tests count the subscriptions to the change feed.
        for stack in STACKS.values():
            cloudformation.delete_stack(StackName=stack)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 1}
            )


def send_again(catalog: DeployedCatalog, queue: str, messages: Iterable[Message]) -> None:
    """Put `messages` into `queue` as a late redrive does; return when their reader is done."""
    sqs = catalog.session.client("sqs")
    for message in messages:
        sqs.send_message(
            QueueUrl=queue,
            MessageBody=json.dumps(message),
            MessageGroupId=uuid4().hex,
            MessageDeduplicationId=uuid4().hex,
        )
    wait_until(lambda: depth(sqs, queue) == 0, left=lambda: depth(sqs, queue))


def image(colour: str, size: tuple[int, int]) -> bytes:
    Image.new("RGB", size, colour).save(png := io.BytesIO(), "PNG")
    return png.getvalue()


def test_thumbnails_follow_their_images(catalog: DeployedCatalog, deployed: Deployed) -> None:
    thumbnails = deployed.physical_id("thumbnails", "AWS::S3::Bucket", "Bucket")
    queue = deployed.physical_id("thumbnails", "AWS::SQS::Queue", "Queue")
    key = "thumbnails/a photo +.PNG"

    def shown() -> tuple[tuple[int, int], int] | None:
        """Size, and the number of the strongest of red, green and blue; None without a picture."""
        body = catalog.s3.get_object(Bucket=thumbnails, Key=key)["Body"].read()
        if not body:
            return None
        with Image.open(io.BytesIO(body)) as jpeg:
            pixel = jpeg.convert("RGB").resize((1, 1)).getpixel((0, 0))
            assert isinstance(pixel, tuple)
            return jpeg.size, pixel.index(max(pixel))

    def there() -> bool:
        found = catalog.s3.list_objects_v2(Bucket=thumbnails, Prefix="thumbnails/")
        return bool(found.get("Contents"))

    with Watch(catalog, "thumbnails/", poll_seconds=0).listening() as changes:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=image("red", (1000, 500)))
        messages = [next(changes)]
        wait_until(there)
        assert shown() == ((256, 128), 0)
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=image("blue", (100, 100)))
        messages.append(next(changes))
        wait_until(lambda: shown() == ((100, 100), 2), left=shown)
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
        messages.append(next(changes))
        wait_until(lambda: shown() is None, left=shown)
    before = catalog.s3.head_object(Bucket=thumbnails, Key=key)
    send_again(catalog, queue, [*reversed(messages), *messages])
    after = catalog.s3.head_object(Bucket=thumbnails, Key=key)
    assert (after["ETag"], after["Metadata"]) == (before["ETag"], before["Metadata"])
    assert after["LastModified"] == before["LastModified"]
    failed = deployed.physical_id("thumbnails", "AWS::SQS::Queue", "Failed")
    assert depth(catalog.session.client("sqs"), failed) == 0


@contextmanager
def following(deployed: Deployed, queue: str, path: Path) -> Iterator[Callable[[], list[str]]]:
    """The program of csv_to_duckdb while it runs; yields the lines that it has printed."""
    output = path.with_name(f"{uuid4().hex}.out")
    script = ROOT / "examples" / "csv_to_duckdb" / "csv_to_duckdb.py"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(script), queue, str(path)],
            env={**os.environ, **deployed.cloud.environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield lambda: output.read_text().splitlines()
    finally:
        process.kill()
        process.wait()


def test_a_duckdb_file_has_the_rows_of_each_csv_file_once(
    catalog: DeployedCatalog, deployed: Deployed, tmp_path: Path
) -> None:
    queue = deployed.physical_id("csv_to_duckdb", "AWS::SQS::Queue", "Queue")
    path = tmp_path / "files.duckdb"

    def put(name: str, text: bytes) -> None:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"orders/{name}.csv", Body=text)

    with (
        Watch(catalog, "orders/", poll_seconds=0).listening() as changes,
        following(deployed, queue, path) as lines,
    ):
        put("1", b"item,price\npen,2\nink,7\n")
        put("2", b"item;count\npaper;500\n")
        put("3", b"\xff\xfe\x00\x01")
        wait_until(lambda: len(lines()) == 3, left=lines)
        put("1", b"item,price\npen,3\n")
        catalog.s3.delete_object(Bucket=catalog.bucket, Key="orders/2.csv")
        wait_until(lambda: len(lines()) == 5, left=lines)
        messages = [next(changes) for _ in range(5)]
        send_again(catalog, queue, [*reversed(messages), *messages])
        assert len(lines()) == 5
    with duckdb.connect(str(path), read_only=True) as db:
        rows = db.execute("SELECT key, row FROM rows").fetchall()
        problems = db.execute("SELECT key, problem FROM files ORDER BY key").fetchall()
    assert rows == [("orders/1.csv", '{"item":"pen","price":"3"}')]
    assert problems[:2] == [("orders/1.csv", None), ("orders/2.csv", "deleted")]
    assert "Invalid unicode" in problems[2][1]


def test_a_folder_beyond_its_limit_is_noticed_once(
    catalog: DeployedCatalog, deployed: Deployed
) -> None:
    function = deployed.physical_id("folder_limit", "AWS::Lambda::Function", "Function")
    alarm = deployed.physical_id("folder_limit", "AWS::CloudWatch::Alarm", "Limit")
    functions = catalog.session.client("lambda")
    cloudwatch = catalog.session.client("cloudwatch")

    def state(becomes: str) -> bool:
        reply = functions.invoke(FunctionName=function)
        assert "FunctionError" not in reply, reply["Payload"].read()
        [found] = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        return found["StateValue"] == becomes

    def put(name: str, size: int) -> None:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"{FOLDER}{name}", Body=bytes(size))

    put("1", LIMIT)
    expect_totals(catalog)
    wait_until(lambda: state("OK"))
    assert catalog.outputs.alarms_topic_arn
    with subscribed(catalog, catalog.outputs.alarms_topic_arn, alarm) as notices:
        put("2", 1)
        wait_until(lambda: state("ALARM"))
        for n in range(3):
            put(f"more/{n}", 100)
            expect_totals(catalog)
            assert state("ALARM")
        # As CloudWatch does when the folder was smaller.
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="smaller")
        wait_until(lambda: state("ALARM"))
        wait_until(lambda: len(notices()) >= 3, left=notices)
        assert sorted(notices()) == ["ALARM", "ALARM", "OK"]
        [found] = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        url = f"s3://{catalog.bucket}/{FOLDER}"
        assert found["AlarmDescription"] == f"{url} has more than {LIMIT:,} bytes"


@contextmanager
def subscribed(
    catalog: DeployedCatalog, topic: str, alarm: str
) -> Iterator[Callable[[], list[str]]]:
    """A queue that is subscribed to the topic of alarms; yields the new states of `alarm` in it."""
    sqs, sns = catalog.session.client("sqs"), catalog.session.client("sns")
    url = sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    policy = only_from("sns", topic, arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    found: list[str] = []

    def states() -> list[str]:
        while received := sqs.receive_message(QueueUrl=url).get("Messages"):
            for message in received:
                notice = json.loads(message["Body"])
                if notice["AlarmName"] == alarm:
                    found.append(notice["NewStateValue"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    try:
        yield states
    finally:
        unsubscribe(sns, topic, arn)
        sqs.delete_queue(QueueUrl=url)
