"""The local cloud itself: where it listens, how it ends, and the emulator's patches."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from tests.component.local.test_background_process import alive
from tests.empty_table import new_table
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("local clouds without stacks")


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud with nothing deployed."""
    yield clouds.start(tmp_path)
    clouds.stop(tmp_path)


@pytest.fixture
def client(bare: Cloud) -> Iterator[Callable[..., Any]]:
    """A function that makes a client of a service of the cloud, with other credentials if given."""
    with ExitStack() as stack:

        def make(service: Any, **credentials: str) -> Any:
            access = {**bare.access, **credentials}
            return stack.enter_context(closing(boto3.client(service, **access)))

        yield make


def test_it_listens_on_one_loopback_port(bare: Cloud) -> None:
    listening = {
        connection.laddr
        for process in bare.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", bare.port)}


def test_it_is_found_while_it_runs(bare: Cloud) -> None:
    assert clouds.find(bare.directory) == bare
    assert clouds.stop(bare.directory)
    assert clouds.find(bare.directory) is None
    assert not clouds.stop(bare.directory)


def test_it_starts_again_after_it_was_killed(bare: Cloud) -> None:
    for process in bare.processes():
        process.kill()
    psutil.wait_procs(bare.processes(), timeout=5)
    assert clouds.find(bare.directory) is None
    again = clouds.start(bare.directory)
    assert clouds.find(bare.directory) == again


def test_it_starts_again_when_it_hangs(bare: Cloud) -> None:
    bare.processes()[0].suspend()
    assert clouds.stop(bare.directory)
    assert clouds.start(bare.directory).answers()


def test_it_starts_again_after_a_crash_during_the_write_of_its_record(bare: Cloud) -> None:
    clouds.stop(bare.directory)
    (bare.directory / "cloud.json").write_text('{"pid": 1')
    assert clouds.find(bare.directory) is None
    assert clouds.start(bare.directory).answers()


def test_the_environment_file_is_lines_of_export(bare: Cloud) -> None:
    lines = clouds.write_environment_file(bare).read_text().splitlines()
    assert all(line.startswith("export AWS_") or "NODE_EXTRA_CA_CERTS" in line for line in lines)
    assert f"export AWS_ENDPOINT_URL={bare.endpoint}" in lines


def test_partiql_writes_reach_the_stream(client: Callable[..., Any]) -> None:
    dynamodb, streams = client("dynamodb"), client("dynamodbstreams")
    table = new_table(dynamodb, stream=True)

    def execute(statement: str) -> str:
        [reply] = dynamodb.batch_execute_statement(Statements=[{"Statement": statement}])[
            "Responses"
        ]
        code: str = reply.get("Error", {}).get("Code", "done")
        return code

    where = "\"pk\" = 'a' AND \"sk\" = 'b'"
    assert [
        execute(f"INSERT INTO \"{table}\" VALUE {{'pk': 'a', 'sk': 'b', 'n': 1}}"),
        execute(f"INSERT INTO \"{table}\" VALUE {{'pk': 'a', 'sk': 'b', 'n': 2}}"),
        execute(f'UPDATE "{table}" SET "n" = 3 WHERE {where} AND "n" < 3'),  # noqa: S608
        execute(f'UPDATE "{table}" SET "n" = 4 WHERE {where} AND "n" < 3'),  # noqa: S608
    ] == ["done", "DuplicateItem", "done", "ConditionalCheckFailed"]
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": "a"}, "sk": {"S": "b"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "5"}},
    )

    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    images = [record["dynamodb"] for record in streams.get_records(ShardIterator=start)["Records"]]
    assert [
        (image.get("OldImage", {}).get("n"), image.get("NewImage", {}).get("n")) for image in images
    ] == [(None, {"N": "1"}), ({"N": "1"}, {"N": "3"}), ({"N": "3"}, {"N": "5"})]


def test_a_range_applies_to_a_version(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="ranges")
    s3.put_bucket_versioning(Bucket="ranges", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="ranges", Key="k", Body=b"0123456789")["VersionId"]

    def read(wanted: str) -> tuple[int, bytes]:
        reply = s3.get_object(Bucket="ranges", Key="k", VersionId=version, Range=f"bytes={wanted}")
        return reply["ContentLength"], reply["Body"].read()

    assert read("3-5") == (3, b"345")
    assert read("8-99") == (2, b"89")
    assert read("-4") == (4, b"6789")
    with pytest.raises(ClientError, match="InvalidRange"):
        read("10-12")
    whole = s3.get_object(Bucket="ranges", Key="k", VersionId=version)
    assert whole["Body"].read() == b"0123456789"


def test_listings_have_keys_that_xml_cannot_hold(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="awkward")
    s3.put_bucket_versioning(Bucket="awkward", VersioningConfiguration={"Status": "Enabled"})
    keys = ["\x01", "a\rb/\x1b", "a\rb/c", "a\nb", "e+%2B ü", "z\x1b/\r"]
    for key in keys:
        s3.put_object(Bucket="awkward", Key=key)
        s3.delete_object(Bucket="awkward", Key=key)
        s3.put_object(Bucket="awkward", Key=key)

    def pages(operation: str, **request: str) -> list[Any]:
        # A page of one entry: each begins at a marker.
        paginator = s3.get_paginator(operation)
        return list(
            paginator.paginate(Bucket="awkward", PaginationConfig={"PageSize": 1}, **request)
        )

    def listed(operation: str, element: str, **request: str) -> list[str]:
        found = pages(operation, **request)
        return [entry["Key"] for page in found for entry in page.get(element, [])]

    assert sorted(keys) == listed("list_objects_v2", "Contents")
    assert sorted(keys) == listed("list_objects_v2", "Contents", StartAfter="\0")
    assert sorted([*keys, *keys]) == listed("list_object_versions", "Versions")
    assert sorted(keys) == listed("list_object_versions", "DeleteMarkers")
    within = listed("list_object_versions", "Versions", Prefix="a\rb/")
    assert within == ["a\rb/\x1b", "a\rb/\x1b", "a\rb/c", "a\rb/c"]

    for operation in ("list_objects_v2", "list_object_versions"):
        [folders] = pages(operation, Prefix="a\rb", Delimiter="/")
        assert folders["CommonPrefixes"] == [{"Prefix": "a\rb/"}]
        assert (folders["Prefix"], folders["Delimiter"]) == ("a\rb", "/")
    page = s3.list_object_versions(Bucket="awkward", KeyMarker="a\rb/\x1b", MaxKeys=1)
    assert (page["KeyMarker"], page["NextKeyMarker"]) == ("a\rb/\x1b", "a\rb/c")
    assert page["EncodingType"] == "url"


@pytest.mark.parametrize("key", ["line\nfeed", "at the end\n", "\r\x1b"])
def test_a_policy_on_all_objects_allows_every_key(client: Callable[..., Any], key: str) -> None:
    iam, s3 = client("iam"), client("s3")
    s3.create_bucket(Bucket="any")
    iam.create_user(UserName="reader")
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::any/*"}
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::any/secret*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    iam.put_user_policy(UserName="reader", PolicyName="any", PolicyDocument=document)
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = client(
        "s3",
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
    )
    for each in (key, f"secret {key}"):
        s3.put_object(Bucket="any", Key=each, Body=b"body")
    with reader.get_object(Bucket="any", Key=key)["Body"] as body:
        assert body.read() == b"body"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_object(Bucket="any", Key=f"secret {key}")


def test_its_private_key_is_private(bare: Cloud) -> None:
    assert (bare.directory / "tls").stat().st_mode & 0o077 == 0


STARTER = """
import io, sys, zipfile
from pathlib import Path
import boto3
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds

background.end_with_this_process()
cloud = clouds.start(Path(sys.argv[1]))
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("f.py", "def handler(*_): pass")
boto3.client("iam", **cloud.access).create_role(RoleName="any", AssumeRolePolicyDocument="{}")
functions = boto3.client("lambda", **cloud.access)
functions.create_function(
    FunctionName="any",
    Runtime="python3.13",
    Handler="f.handler",
    Role="arn:aws:iam::000000000000:role/any",
    Code={"ZipFile": packed.getvalue()},
)
functions.invoke(FunctionName="any")
print("started", flush=True)
sys.stdin.read()
"""


def test_it_ends_with_its_functions_when_its_starter_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == b"started\n"
        cloud = clouds.find(tmp_path)
        assert cloud
        family = cloud.processes()
        assert len(family) == 2  # The emulator and the worker of the function.
        starter.kill()
    wait_until(lambda: not alive(family), left=lambda: alive(family))
    assert clouds.find(tmp_path) is None
