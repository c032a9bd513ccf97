"""S3, KMS, SNS and SQS refuse requests for a while."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences, wait_until_equal
from tests.local.command import run
from tests.rehearsals.recovery import dead_letters, expect_all_right, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal
from tests.waiting import PATIENCE, wait_until


@contextmanager
def denied(catalog: DeployedCatalog, action: str) -> Iterator[None]:
    """Deny `action` to the role of `ingest`."""
    function = catalog.session.client("lambda").get_function_configuration(
        FunctionName=catalog.outputs.ingest_arn
    )
    iam, role = catalog.session.client("iam"), function["Role"].rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")


@pytest.mark.rehearsal(
    "versions-denied",
    failure="S3 denies `ingest` the listing of versions, then allows it again",
    how="a statement that denies `s3:ListBucketVersions` to its role",
    promise="puts are catalogued; events that need a lookup wait in the dead-letter queue with the "
    "reason",
)
def test_versions_that_cannot_be_listed(
    catalog: DeployedCatalog, cloud: Cloud, rehearsal: Rehearsal
) -> None:
    s3, bucket = catalog.s3, catalog.bucket
    keys = [f"denied/{n}" for n in range(20)]
    with denied(catalog, "s3:ListBucketVersions"):
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=b"first")
            s3.put_object(Bucket=bucket, Key=key, Body=b"second one")
        wait_until(lambda: not differences(catalog), left=lambda: differences(catalog))
        for key in keys:
            newest = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"][0]["VersionId"]
            s3.delete_object(Bucket=bucket, Key=key, VersionId=newest)
        wait_until(lambda: dead_letters(cloud) == len(keys))
        listed = run("failed", "--json", environment=cloud.environment).stdout.splitlines()
        assert all("AccessDenied" in json.loads(line)["reason"] for line in listed)
    rehearsal.fault_ended()
    redriven = redrive_until_equal(catalog, cloud)
    rehearsal.was_equal()
    assert redriven == len(keys)
    expect_all_right(catalog, cloud)
    rehearsal.saw(
        f"{len(keys)} puts catalogued meanwhile; {redriven} removals of versions redriven, each "
        "with the reason AccessDenied"
    )


@contextmanager
def key_disabled(catalog: DeployedCatalog) -> Iterator[str]:
    """Disable the DATA key, and yield its ARN."""
    key, kms = catalog.outputs.data_key_arn, catalog.session.client("kms")
    # CloudFormation on the emulator drops the keys of tables, buckets and topics.
    catalog.dynamodb.update_table(
        TableName=catalog.table,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    catalog.s3.put_bucket_encryption(
        Bucket=catalog.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    }
                }
            ]
        },
    )
    catalog.session.client("sns").set_topic_attributes(
        TopicArn=catalog.outputs.changes_topic_arn,
        AttributeName="KmsMasterKeyId",
        AttributeValue=key,
    )
    kms.disable_key(KeyId=key)
    try:
        yield key
    finally:
        kms.enable_key(KeyId=key)


@pytest.mark.rehearsal(
    "key-disabled",
    failure="The DATA key is disabled, then enabled again",
    how="`kms:DisableKey`; the emulator refuses what needs the key with the errors of DynamoDB, S3 "
    "and SNS",
    promise="a clear message with the key and the remedy; nothing is lost, and the catalog catches "
    "up once the key is enabled",
)
def test_a_disabled_key(catalog: DeployedCatalog, cloud: Cloud, rehearsal: Rehearsal) -> None:
    s3, bucket = catalog.s3, catalog.bucket
    keys = [f"under-key/{n}" for n in range(30)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"before")
    assert wait_until_equal(catalog, PATIENCE) == []
    with key_disabled(catalog) as arn:
        with pytest.raises(ClientError, match="DisabledException"):
            s3.put_object(Bucket=bucket, Key="under-key/refused", Body=b"x")
        for key in keys[::2]:
            s3.delete_object(Bucket=bucket, Key=key)
        wait_until(lambda: dead_letters(cloud) >= len(keys) // 2)
        for command in ("ls", "verify", "repair"):
            ended = run(command, environment=cloud.environment)
            assert ended.returncode == 2
            assert f"{arn} is disabled" in ended.stderr
            assert f"`aws kms enable-key --key-id {arn}`" in ended.stderr
            assert ended.stderr.splitlines()[-1].startswith("reinventure: ")
    rehearsal.fault_ended()
    redriven = redrive_until_equal(catalog, cloud)
    rehearsal.was_equal()
    expect_all_right(catalog, cloud)
    rehearsal.saw(
        f"puts refused by S3 itself; `ls`, `verify` and `repair` end with 2 and name key and "
        f"remedy; {redriven} deletions redriven"
    )
