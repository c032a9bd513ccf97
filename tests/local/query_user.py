"""A user of the account who has the policies of `CatalogReader` and no other permission."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import boto3


@contextmanager
def query_user(session: boto3.Session, policies: list[str]) -> Iterator[dict[str, str]]:
    """Create a user with the managed `policies` (ARNs); yield the credentials as environment."""
    iam, name = session.client("iam"), f"query-{uuid4()}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    for arn in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    try:
        yield {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    finally:
        for arn in policies:
            iam.detach_user_policy(UserName=name, PolicyArn=arn)
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)
