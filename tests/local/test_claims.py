"""Each role could do what docs/security.md says and no more: the calls, with IAM enforced.

The local cloud deploys some of the roles only, and templates of its own. So each role of the
templates for AWS is created with its policies.
"""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reinventure.contract import CATALOG
from reinventure.local.cloud import Cloud
from tests.claims import (
    BUCKETS,
    CLAIMS,
    ESCALATIONS,
    POWERS,
    POWERS_TO_ESCALATE,
    Call,
    could_not,
)
from tests.stacks.assemblies import Assemblies, shared_folder
from tests.template_roles import ACCOUNT, TemplateRoles

REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",  # SNS
    "403",  # The answer to HEAD has no body.
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        }
    ],
}


class Attackers:
    """Clients with the permissions of roles, which are created in the account of `session`."""

    def __init__(self, cloud: Cloud, session: boto3.Session) -> None:
        self._session: Any = session
        self._shared = {
            "endpoint_url": cloud.environment["AWS_ENDPOINT_URL"],
            "verify": cloud.environment["AWS_CA_BUNDLE"],
            "config": Config(retries={"total_max_attempts": 1}),
        }
        owner = {
            "aws_access_key_id": cloud.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": cloud.environment["AWS_SECRET_ACCESS_KEY"],
        }
        self._credentials: dict[str, dict[str, str]] = {"owner": owner}
        self._clients: dict[tuple[str, str], Any] = {}

    def create(self, role: str, statements: list[Any]) -> None:
        """Create a role with the permissions `statements`, and assume it."""
        name = f"claims-{role}"
        self.client("owner", "iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        self.permit(role, statements)
        lent = self.client("owner", "sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="claims"
        )["Credentials"]
        self._credentials[role] = {
            "aws_access_key_id": lent["AccessKeyId"],
            "aws_secret_access_key": lent["SecretAccessKey"],
            "aws_session_token": lent["SessionToken"],
        }

    def permit(self, role: str, statements: list[Any]) -> None:
        """Give the role the permissions `statements` instead of those that it has."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("owner", "iam").put_role_policy(
            RoleName=f"claims-{role}", PolicyName="all", PolicyDocument=policy
        )

    def remove(self) -> None:
        """Remove the roles."""
        iam = self.client("owner", "iam")
        for role in self._credentials.keys() - {"owner"}:
            iam.delete_role_policy(RoleName=f"claims-{role}", PolicyName="all")
            iam.delete_role(RoleName=f"claims-{role}")

    def client(self, role: str, service: str) -> Any:
        """Return boto3's client for `service` with the permissions of `role`."""
        if (role, service) not in self._clients:
            self._clients[role, service] = self._session.client(
                service, **self._shared, **self._credentials[role]
            )
        return self._clients[role, service]

    def refused(self, role: str, call: Call, roles: TemplateRoles) -> bool:
        """Make `call` with the permissions of `role`; return whether it was denied."""
        try:
            call.make(self.client(role, call.service), roles)
        except ClientError as error:
            return error.response["Error"]["Code"] in REFUSED
        return False


@pytest.fixture(scope="module")
def attackers(cloud: Cloud, shared_session: boto3.Session) -> Iterator[Attackers]:
    attackers = Attackers(cloud, shared_session)
    yield attackers
    attackers.remove()


@pytest.fixture(scope="module")
def undeployed(
    attackers: Attackers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TemplateRoles]:
    """The roles, with the names of resources that no stack has.

    Only the buckets exist, because S3 says of a missing one first that it is missing. Each has an
    object, so that no role can delete it.
    """
    roles = TemplateRoles(Assemblies(shared_folder(tmp_path_factory)).everything())
    s3 = attackers.client("owner", "s3")
    buckets = [roles.name(bucket) for bucket in BUCKETS]
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="kept")
    yield roles
    for bucket in buckets:
        for each in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            s3.delete_object(Bucket=bucket, Key=each["Key"])
        s3.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="module")
def roles(
    attackers: Attackers, undeployed: TemplateRoles, tmp_path_factory: pytest.TempPathFactory
) -> TemplateRoles:
    """The roles, with the names of the deployed catalog; all are created in the account."""
    cloudformation = attackers.client("owner", "cloudformation")
    deployed = {
        (CATALOG, each["LogicalResourceId"]): each["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=CATALOG)
        for each in page["StackResourceSummaries"]
    }
    roles = TemplateRoles(Assemblies(shared_folder(tmp_path_factory)).everything(), deployed)
    for role, statements in roles.policies().items():
        attackers.create(role, statements)
    attackers.create("permitted", allow("sts:GetCallerIdentity"))
    return roles


def allow(*actions: str) -> list[Any]:
    return [{"Effect": "Allow", "Action": actions, "Resource": "*"}]


def calls(phrase: str) -> list[Call]:
    return [each for each in CLAIMS.get(phrase, []) if isinstance(each, Call)]


@pytest.mark.parametrize(("role", "phrase"), [each for each in could_not() if calls(each[1])])
def test_it_could_not(attackers: Attackers, roles: TemplateRoles, role: str, phrase: str) -> None:
    allowed = [call for call in calls(phrase) if not attackers.refused(role, call, roles)]
    assert allowed == []


@pytest.mark.parametrize("role", POWERS)
def test_it_has_the_permissions_of_its_role(
    attackers: Attackers, roles: TemplateRoles, role: str
) -> None:
    power = POWERS[role]
    if isinstance(power, Call):
        assert not attackers.refused(role, power, roles)


@pytest.mark.parametrize("role", POWERS)
def test_it_could_not_give_itself_more(
    attackers: Attackers, roles: TemplateRoles, role: str
) -> None:
    allowed = {
        (role, name)
        for name, call in ESCALATIONS.items()
        if not attackers.refused(role, call, roles)
    }
    assert allowed == {each for each in POWERS_TO_ESCALATE if each[0] == role}


@pytest.mark.parametrize(
    "excluded",
    [*filter(None, map(calls, CLAIMS)), list(ESCALATIONS.values())],
    ids=[*filter(calls, CLAIMS), "give itself more"],
)
def test_nothing_but_the_permission_is_missing(
    attackers: Attackers, undeployed: TemplateRoles, roles: TemplateRoles, excluded: list[Call]
) -> None:
    """The calls are allowed to a role that has the actions that AWS names, and no others."""
    attackers.permit("permitted", allow(*{call.action for call in excluded}))
    refused = [call for call in excluded if attackers.refused("permitted", call, undeployed)]
    assert refused == []
