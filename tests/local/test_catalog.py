"""Objects come and go; the catalog must equal the bucket."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    import boto3

AWKWARD = [
    "plain.txt",
    "with space.txt",
    "1+1=2",
    "100%",
    "a%20b%2Bc",
    "Zürich",
    "🚀/" + "é" * 500,
    "&<>\"'",
    "a//b/./c/",
    "line\nfeed",
    "carriage\rreturn",
    "ESC \x1b[31m",
    "\x01\x7f \ufffe",
    "x" * 1024,
]


def test_every_name_and_size_is_catalogued(cloud: Cloud, catalog: DeployedCatalog) -> None:
    for key in AWKWARD:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=key.encode())
    catalog.s3.put_object(Bucket=catalog.bucket, Key="empty")
    large = io.BytesIO(b"0123456789abcdef" * 600_000)
    catalog.s3.upload_fileobj(large, catalog.bucket, "in parts")
    catalog.s3.copy({"Bucket": catalog.bucket, "Key": "empty"}, catalog.bucket, "copied")

    assert wait_until_equal(catalog, PATIENCE) == []
    rows = {row.key: row for row in catalog.rows(consistent=True)}
    assert rows.keys() >= {*AWKWARD, "empty", "in parts", "copied"}
    assert rows["in parts"].event_name == "ObjectCreated:CompleteMultipartUpload"
    assert rows["empty"].size == 0
    verified = run("verify", environment=cloud.environment)
    assert verified.returncode == 0, verified.stderr


def test_concurrent_writers_of_few_keys_leave_it_equal(catalog: DeployedCatalog) -> None:
    s3, bucket = catalog.s3, catalog.bucket

    def change(n: int) -> None:
        key = f"storm/{n % 12}"
        if n % 5 == 4:
            s3.delete_object(Bucket=bucket, Key=key)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=b"x" * n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(120)))
    assert wait_until_equal(catalog, PATIENCE) == []


def test_ls_is_the_listing_of_the_bucket(cloud: Cloud, catalog: DeployedCatalog) -> None:
    for n in range(30):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"ls/{n:02}", Body=b"." * n)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="ls2", Body=b"")
    assert wait_until_equal(catalog, PATIENCE) == []

    listed = run("ls", "ls/", "--json", environment=cloud.environment)
    assert listed.returncode == 0, listed.stderr
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    stored = [stored for _, stored in catalog.stored().listing(prefix="ls/") if stored]
    assert len(stored) == 30
    assert [(r["key"], r["size"], r["etag"]) for r in rows] == [
        (o.key, o.size, o.etag) for o in stored
    ]
    assert {row["bucket"] for row in rows} == {catalog.bucket}
    lines = run("ls", "ls/", environment=cloud.environment).stdout.splitlines()
    assert [line.split()[-1] for line in lines] == [o.key for o in stored]


def test_a_missing_stack_is_one_line(cloud: Cloud) -> None:
    listed = run("ls", "--stack", "Nowhere", environment=cloud.environment)
    assert listed.returncode == 2
    assert listed.stderr.startswith("reinventure: no stack 'Nowhere' in region us-east-1: ")
    assert listed.stderr.count("\n") == 1


def test_a_stack_without_a_catalog_is_one_line(cloud: Cloud) -> None:
    listed = run("ls", "--stack", "CDKToolkit", environment=cloud.environment)
    assert listed.returncode == 2
    assert "stack 'CDKToolkit' is not a Catalog stack of reinventure" in listed.stderr
    assert listed.stderr.count("\n") == 1


def test_wrong_credentials_are_one_line(cloud: Cloud) -> None:
    wrong = {**cloud.environment, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}
    listed = run("ls", environment=wrong)
    assert listed.returncode == 2
    assert listed.stderr.count("\n") == 1
    assert "InvalidClientTokenId" in listed.stderr


@pytest.mark.usefixtures("no_dead_letters")
def test_an_invalid_event_ends_in_the_dead_letter_queue(
    session: "boto3.Session", catalog: DeployedCatalog
) -> None:
    resources = session.client("cloudformation").describe_stack_resources(StackName="Catalog")
    [alias] = [
        resource["PhysicalResourceId"]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Alias"
    ]
    event = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}}}]}
    session.client("lambda").invoke(
        FunctionName=alias, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    sqs = session.client("sqs")
    received: list[Any] = []

    def arrived() -> bool:
        reply = sqs.receive_message(QueueUrl=catalog.outputs.failure_queue_url)
        received.extend(reply.get("Messages", []))
        return bool(received)

    wait_until(arrived)
    [message] = received
    body = json.loads(message["Body"])
    assert body["requestPayload"] == event
    assert "s3.object.key is missing" in json.dumps(body["responsePayload"])
