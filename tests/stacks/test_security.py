"""docs/security.md has the permissions of every role, the uses of keys, and the controls.

Policies are evaluated as IAM does, by the emulator's evaluator.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from stacks.governance.controls import CONTROLS, SAME_TEXT
from tests.assembly import ROOT
from tests.claims import CLAIMS, POWERS, Actions, could_not, resolved, table
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import TRANSPORTS, as_list
from tests.template_roles import ACCOUNT, REGION, TemplateRoles

EVALUATOR: Any = import_module("ministack.core.iam_evaluator")

COMMON = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""The actions of every function, which the page has once."""

KEYS = {
    "DATA": "Catalog/KeysData",
    "QUEUE": "Catalog/KeysQueue",
    "AUDIT": "Governance/AuditKey",
    "the pipeline's own": "Delivery/PipelineKey",
}
"""The keys as the page names them."""

SERVICES = {
    "CloudTrail": "cloudtrail",
    "CloudWatch Logs": "logs",
    "CloudWatch": "cloudwatch",
    "CodeCommit": "codecommit",
    "DynamoDB": "dynamodb",
    "EC2": "ec2",
    "EventBridge": "events",
    "Kinesis": "kinesis",
    "Lambda": "lambda",
    "RDS": "rds",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "Secrets Manager": "secretsmanager",
}
"""Services as the page names them, and as policies do."""

ADMINISTRATOR = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


@pytest.fixture(scope="module")
def roles(all_stacks: Path) -> TemplateRoles:
    """The roles of all stacks."""
    return TemplateRoles(all_stacks)


def request(action: str, resource: str, **keys: Any) -> Any:
    """A request of a role, with the condition keys `keys`."""
    return EVALUATOR.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context=keys,
    )


def permits(statements: list[Any], context: Any) -> bool:
    """Whether a role with the permissions `statements` has that for the request."""
    policies = [EVALUATOR.parse_policy_document({"Statement": statements})]
    return bool(EVALUATOR.evaluate(context, policies).decision == "Allow")


def may_use(statements: list[Any], key_policy: Any, context: Any) -> bool:
    """Whether both the permissions `statements` and the policy of the key allow the request."""
    identity = EVALUATOR.evaluate(
        context, [EVALUATOR.parse_policy_document({"Statement": statements})]
    )
    both = EVALUATOR.combine_resource_policy(identity, context, key_policy, ACCOUNT, required=True)
    return bool(both.decision == "Allow")


def through(service: str, roles: TemplateRoles) -> dict[str, Any]:
    """The condition keys of a request to KMS that `service` makes for a role.

    For S3 it is about an object of the bucket.
    """
    return {
        "kms:viaservice": f"{service}.{REGION}.amazonaws.com",
        "kms:encryptioncontext:aws:s3:arn": roles.arn("Catalog/Bucket"),
    }


def requests(actions: Actions, roles: TemplateRoles) -> Iterator[Any]:
    """The requests that need `actions`: of KMS through S3, of DynamoDB for an ordinary row."""
    keys = {**through("s3", roles), "dynamodb:leadingkeys": ["bucket#1#0"]}
    for name in actions.names:
        yield request(name, resolved(actions.resource, roles), **keys)


def test_every_role_has_a_row_with_its_permissions(roles: TemplateRoles) -> None:
    documented = {
        name: set(re.findall(r"`([^`]+)`", cells[0]))
        for name, cells in table("What an attacker could do").items()
    }
    managed = roles.managed()
    assert documented == {
        role: {action for statement in statements for action in as_list(statement["Action"])}
        - COMMON
        | set(managed.get(role, []))
        for role, statements in roles.statements().items()
        # test_portfolio.py has its many actions.
        if role != "ReactiveLaunchRole"
    }


def test_each_trust_boundary_has_tests_that_exist() -> None:
    boundaries = table("Trust boundaries")
    assert len(boundaries) > 10
    for cells in boundaries.values():
        assert len(cells) == 4
        links = re.findall(r"\[([a-z0-9 ]+)\]\(\.\./(tests/[\w/]+\.py)\)", cells[3])
        assert len(links) == len(cells[3].split("; "))
        for name, path in links:
            assert f"\ndef test_{name.replace(' ', '_')}(" in (ROOT / path).read_text(), name


def test_every_row_has_what_an_attacker_could_and_could_not_do() -> None:
    for cells in table("What an attacker could do").values():
        assert len(cells) == 3
        assert all(cells)


def test_every_phrase_of_what_an_attacker_could_not_do_is_tested() -> None:
    assert {phrase for _, phrase in could_not()} == CLAIMS.keys()
    assert {role for role, _ in could_not()} == POWERS.keys()
    for phrase, excluded in CLAIMS.items():
        only_evaluated = all(isinstance(each, Actions) for each in excluded)
        assert phrase.endswith(" (evaluated)") is only_evaluated


@pytest.mark.parametrize(("role", "phrase"), could_not())
def test_what_the_local_cloud_lacks_is_not_allowed(
    roles: TemplateRoles, role: str, phrase: str
) -> None:
    for actions in CLAIMS.get(phrase, []):
        if isinstance(actions, Actions):
            for context in requests(actions, roles):
                assert not permits(roles.policies()[role], context), context
                # It is allowed once the role has that one permission.
                one = {"Effect": "Allow", "Action": context.action}
                assert permits([{**one, "Resource": context.resource_arn}], context)


@pytest.mark.parametrize("role", [role for role in POWERS if isinstance(POWERS[role], Actions)])
def test_it_has_the_permissions_of_its_role(roles: TemplateRoles, role: str) -> None:
    power = POWERS[role]
    assert isinstance(power, Actions)
    for context in requests(power, roles):
        assert permits(roles.policies()[role], context)


def test_the_test_version_reads_and_deletes_rows_of_the_test(roles: TemplateRoles) -> None:
    for action in ("dynamodb:GetItem", "dynamodb:DeleteItem"):
        row = {"dynamodb:leadingkeys": ["reinventure:probe#1#0"]}
        context = request(action, roles.arn("Catalog/Table"), **row)
        assert permits(roles.policies()["CanaryBeforeRole"], context)


def test_reading_an_object_takes_two_permissions(roles: TemplateRoles) -> None:
    read = request("s3:GetObject", roles.arn("Catalog/Bucket") + "/key")
    data = roles.arn("Catalog/KeysData")
    decrypt = request("kms:Decrypt", data, **through("s3", roles))
    key_policy = roles.key_policy("Catalog/KeysData")
    policies = roles.policies()
    del policies["ReactiveLaunchRole"]
    readers = {role for role, statements in policies.items() if permits(statements, read)}
    decrypters = {
        role for role, statements in policies.items() if may_use(statements, key_policy, decrypt)
    }
    assert readers == {"ExamineRole", "WorkerRole"}
    assert decrypters == readers | {"PipelineSmokeRole"}


@pytest.mark.parametrize("key", KEYS.values())
def test_nobody_uses_a_key_directly(roles: TemplateRoles, key: str) -> None:
    key_policy, arn = roles.key_policy(key), roles.arn(key)
    direct = [
        request(f"kms:{action}", arn)
        for action in ("Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "CreateGrant")
    ]
    for policies in (ADMINISTRATOR, *roles.policies().values()):
        assert not any(may_use(policies, key_policy, context) for context in direct)
    assert may_use(ADMINISTRATOR, key_policy, request("kms:PutKeyPolicy", arn))


def services(key_policy: Any) -> set[str]:
    """The services that may use the key with this policy, or through which others may."""
    found = set()
    for statement in key_policy["Statement"]:
        through = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [])
        principal = statement["Principal"].get("Service", [])
        found |= {name.partition(".")[0] for name in (*as_list(through), *as_list(principal))}
    return found


@pytest.mark.parametrize("key", KEYS)
def test_the_services_that_use_a_key_are_those_of_its_lines(
    roles: TemplateRoles, assemblies: Assemblies, key: str
) -> None:
    documented: set[str] = set()
    for cells in table("What is under which key").values():
        if cells[0] == key:
            documented |= {SERVICES[name] for name in re.findall("|".join(SERVICES), cells[1])}
    variants = [roles]
    if KEYS[key].startswith("Catalog/"):
        variants += [TemplateRoles(assemblies.catalog(transport=each)) for each in TRANSPORTS]
    allowed: set[str] = set()
    for variant in variants:
        allowed |= services(variant.key_policy(KEYS[key]))
    assert documented == allowed


def test_every_control_has_a_row_that_names_its_checks() -> None:
    rows = table("Controls")
    assert rows.keys() == {control.name for control in CONTROLS}
    for control in CONTROLS:
        before, afterwards = rows[control.name]
        assert before.startswith("Guard" if control.at_synth else "none")
        if control.config_rule == SAME_TEXT:
            assert afterwards == "the same text"
        else:
            assert afterwards.startswith(
                f"`{control.config_rule}`" if control.config_rule else "none"
            )
