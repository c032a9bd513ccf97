"""A KMS key that is disabled, on an emulator without a deployed stack."""

from collections.abc import Callable
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = Config(retries={"total_max_attempts": 1})


def code(call: Callable[[], object]) -> str:
    """The code of the error of `call`, or an empty string."""
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]
        return found["Code"] if "is disabled" in found["Message"] else str(error)
    return ""


def test_what_is_under_it_is_refused_until_it_is_enabled(session: boto3.Session) -> None:
    kms, s3 = session.client("kms"), session.client("s3", config=ONCE)
    dynamodb, sns = session.client("dynamodb", config=ONCE), session.client("sns", config=ONCE)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    name = f"under-key-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_encryption(
        Bucket=name,
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
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    topic = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    s3.put_object(Bucket=name, Key="before", Body=b"x")

    def codes() -> list[str]:
        statement = f"INSERT INTO \"{name}\" VALUE {{'pk': '{uuid4()}'}}"
        batch = dynamodb.batch_execute_statement(Statements=[{"Statement": statement}])
        return [
            code(lambda: s3.put_object(Bucket=name, Key="after", Body=b"x")),
            code(lambda: len(s3.get_object(Bucket=name, Key="before")["Body"].read())),
            code(lambda: dynamodb.put_item(TableName=name, Item={"pk": {"S": "one"}})),
            code(lambda: dynamodb.scan(TableName=name)),
            batch["Responses"][0].get("Error", {}).get("Code", ""),
            code(lambda: sns.publish(TopicArn=topic, Message="m")),
        ]

    assert codes() == [""] * 6
    kms.disable_key(KeyId=key)
    assert codes() == [
        *("KMS.DisabledException", "KMS.DisabledException"),
        *("AccessDeniedException", "AccessDeniedException", "AccessDenied", "KMSDisabled"),
    ]
    # Neither needs the key.
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=name)["Contents"]] == [
        "after",
        "before",
    ]
    s3.delete_object(Bucket=name, Key="before")
    kms.enable_key(KeyId=key)
    assert s3.put_object(Bucket=name, Key="before", Body=b"x")
    assert codes() == [""] * 6
