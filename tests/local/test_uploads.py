"""Uploads to the bucket are under its own key: the bucket's policy, enforced.

The emulator ignores the encryption of a template's bucket, so that it refuses no SSE-C. That S3
does is not shown; tests/stacks/test_catalog.py has the property of the template.
"""

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog

LARGE = 9 * 2**20
"""Bytes that boto3 uploads in parts."""

OURS = "ours, by ARN"
KEYS = [None, OURS, "ours, by id", "another", "alias/ours", "alias/aws/s3"]
ALGORITHMS = [None, "aws:kms", "AES256", "aws:kms:dsse"]
ALLOWED = {(None, None), ("aws:kms", OURS), ("aws:kms", "ours, by id")}


@pytest.fixture
def uploader(session: boto3.Session, catalog: DeployedCatalog) -> Iterator[Any]:
    """The S3 client of a user who may do anything with buckets and objects."""
    iam = session.client("iam")
    iam.create_user(UserName="uploader")
    grant = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_user_policy(
        UserName="uploader",
        PolicyName="any",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [grant]}),
    )
    key = iam.create_access_key(UserName="uploader")["AccessKey"]
    yield session.client(
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    iam.delete_access_key(UserName="uploader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="uploader", PolicyName="any")
    iam.delete_user(UserName="uploader")


def headers(catalog: DeployedCatalog, algorithm: str | None, key: str | None) -> dict[str, str]:
    """The arguments of boto3 for the encryption headers `algorithm` and `key`."""
    arn = catalog.outputs.data_key_arn
    other = arn.replace(arn[-12:], "0" * 12)
    named = {OURS: arn, "ours, by id": arn.split("/")[-1], "another": other}
    return {
        **({"ServerSideEncryption": algorithm} if algorithm else {}),
        **({"SSEKMSKeyId": named.get(key, key)} if key else {}),
    }


@pytest.mark.parametrize(("algorithm", "key"), list(product(ALGORITHMS, KEYS)))
def test_an_upload_names_no_encryption_or_this_key(
    uploader: Any, catalog: DeployedCatalog, algorithm: str | None, key: str | None
) -> None:
    given = headers(catalog, algorithm, key)
    source = {"Bucket": catalog.bucket, "Key": "encrypted/source"}
    catalog.s3.put_object(Bucket=source["Bucket"], Key=source["Key"], Body=b"x")
    attempts: list[Callable[[], object]] = [
        lambda: uploader.put_object(Bucket=catalog.bucket, Key="encrypted/put", Body=b"x", **given),
        lambda: uploader.copy_object(
            Bucket=catalog.bucket, Key="encrypted/copy", CopySource=source, **given
        ),
        lambda: uploader.upload_fileobj(
            BytesIO(bytes(LARGE)), catalog.bucket, "encrypted/parts", ExtraArgs=given
        ),
    ]
    for attempt in attempts:
        if (algorithm, key) in ALLOWED:
            attempt()
        else:
            with pytest.raises(Exception, match="AccessDenied") as refused:
                attempt()
            assert isinstance(refused.value, ClientError | boto3.exceptions.S3UploadFailedError)
