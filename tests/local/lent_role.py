"""The role of a function, lent to a test."""

import json

import boto3


def lent_role(session: boto3.Session, role_id: str | None) -> boto3.Session:
    """Return a session with the permissions of the role with this unique id."""
    iam, sts = session.client("iam"), session.client("sts")
    [role] = [each for each in iam.list_roles()["Roles"] if each["RoleId"] == role_id]
    lender = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {
            "Service": "lambda.amazonaws.com",
            "AWS": f"arn:aws:iam::{sts.get_caller_identity()['Account']}:root",
        },
    }
    iam.update_assume_role_policy(
        RoleName=role["RoleName"],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [lender]}),
    )
    lent = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    return boto3.Session(
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
    )
