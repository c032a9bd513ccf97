"""The customer managed keys: which principal may use them, through which service."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from reinventure.contract import SQL, WORKERS

from ..settings.settings import Settings

_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]

_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


class Keys(Construct):
    """Two customer managed keys: `data` for stored data, `queue` for messages in queues.

    One key for both would be a cycle: the bucket needs its key, the key's policy names the bucket
    as the sender to the queue.

    The key policies delegate to IAM, as AWS's default policy does, but less: administrators of the
    account may manage a key, and principals may use it through the services named here only. Not
    even an administrator can call `kms:Decrypt` directly. A service principal that sends messages
    gets its permission from the construct that it sends to: a transport, the change feed, the
    alarms.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self._unconditional = settings.unconditional_key_use
        self.data = customer_managed_key(
            self,
            "Data",
            settings,
            purpose="objects, catalog rows, function settings and logs",
            services=[
                "dynamodb",
                "lambda",
                "s3",
                "sns",
                *(["kinesis"] if settings.kinesis else []),
            ],
            grants=["dynamodb", "lambda"],
        )
        self.queue = customer_managed_key(
            self, "Queue", settings, purpose="messages in queues", services=["sqs"], grants=[]
        )
        allow_logs(self.data)

    def allow_other_stacks(self) -> None:
        """Allow what the stacks Workers and Sql need of DATA, whichever the settings have.

        A policy that followed the settings would take the key from a stack that still runs.
        """
        allow_logs(self.data, WORKERS, sid="EncryptLogsOfWorkers")
        self._allow_auto_scaling_volumes()
        allow_logs(self.data, SQL, sid="EncryptLogsOfSql")
        services = ["rds", "secretsmanager"]
        self.data.add_to_resource_policy(_use("UseThroughServicesOfSql", services))
        self.data.add_to_resource_policy(_keep_using("LetServicesOfSqlKeepUsing", services))

    def _allow_auto_scaling_volumes(self) -> None:
        """Allow EC2 Auto Scaling to launch instances whose volumes are under the DATA key.

        It does so with a service-linked role. A condition names the role, because a principal of a
        key policy must exist, and AWS creates this role with an account's first group. Role and
        actions: "Required AWS KMS key policy for use with encrypted volumes" in the EC2 Auto
        Scaling User Guide. Through EC2 only, like the AWS managed key for volumes.

        If the setting `unconditional_key_use` has `autoscaling`, the role is the principal, and the
        statements are those of the guide. The role must exist then.
        """
        role = (
            f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/aws-service-role/"
            "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        )
        principal: iam.IPrincipal = iam.AnyPrincipal()
        only: dict[str, object] = {
            "ArnEquals": {"aws:PrincipalArn": role},
            "StringEquals": {"kms:ViaService": _endpoints(["ec2"])},
        }
        if "autoscaling" in self._unconditional:
            principal, only = iam.ArnPrincipal(role), {}
        for sid, actions, conditions in (
            ("LetAutoScalingUse", _USE, only),
            (
                "LetAutoScalingKeepUsing",
                ["kms:CreateGrant"],
                {**only, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            ),
        ):
            self.data.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[principal],
                    actions=actions,
                    resources=["*"],
                    conditions=conditions,
                )
            )


def customer_managed_key(
    scope: Construct,
    id: str,
    settings: Settings,
    *,
    purpose: str,
    services: list[str],
    grants: list[str],
) -> kms.Key:
    """Return a key that the account may administer, and use through `services` only.

    The services of `grants` may create grants for resources of their own. The rotation period and
    the waiting period of a deletion come from `settings`.
    """
    statements = [
        iam.PolicyStatement(
            sid="Administer",
            principals=[iam.AccountRootPrincipal()],
            actions=_ADMINISTER,
            resources=["*"],
        ),
        _use("UseThroughServices", services),
    ]
    if grants:
        statements.append(_keep_using("LetServicesKeepUsing", grants))
    return kms.Key(
        scope,
        id,
        description=f"reinventure: {purpose}",
        enable_key_rotation=True,
        rotation_period=cdk.Duration.days(settings.key_rotation_days),
        pending_window=cdk.Duration.days(7 if settings.stage == "sandbox" else 30),
        removal_policy=settings.removal_policy,
        policy=iam.PolicyDocument(statements=statements),
    )


def _use(sid: str, services: list[str]) -> iam.PolicyStatement:
    """Return the statement by which principals of the account use a key through `services`."""
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.AccountRootPrincipal()],
        actions=_USE,
        resources=["*"],
        conditions={"StringEquals": {"kms:ViaService": _endpoints(services)}},
    )


def _keep_using(sid: str, services: list[str]) -> iam.PolicyStatement:
    """Return the statement by which `services` create grants for resources of their own."""
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.AccountRootPrincipal()],
        actions=["kms:CreateGrant"],
        resources=["*"],
        conditions={
            "Bool": {"kms:GrantIsForAWSResource": "true"},
            "StringEquals": {"kms:ViaService": _endpoints(services)},
        },
    )


def allow_service(
    key: kms.Key,
    service: str,
    conditions: Mapping[str, object],
    settings: Settings,
    *,
    sid: str | None = None,
) -> None:
    """Allow the AWS service `service` to encrypt messages with `key`, under `conditions`.

    Without them if `unconditional_key_use` of `settings` names the service. A second statement for
    the same service needs a `sid` of its own.
    """
    unconditional = service in settings.unconditional_key_use
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid or f"LetSend{service.capitalize()}",
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions=None if unconditional else conditions,
        )
    )


def allow_logs(
    key: kms.Key, stack_name: str = cdk.Aws.STACK_NAME, *, sid: str = "EncryptLogsOfThisStack"
) -> None:
    """Allow CloudWatch Logs to encrypt the log groups of the stack `stack_name` with `key`.

    By default the stack is the one that has the key.
    """
    stack = cdk.Stack.of(key)
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(f"logs.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}")],
            actions=_USE,
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"{stack_name}-*",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                }
            },
        )
    )


def use_through(key: kms.IKey, service: str, *actions: str) -> iam.PolicyStatement:
    """Return the permission for `actions` on `key` through the AWS service `service` only.

    Most services use a key with the permissions of their caller.
    """
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": endpoint(service)}},
    )


def endpoint(service: str) -> str:
    """Return the value of `kms:ViaService` for `service` in the region of the stack."""
    return f"{service}.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"


def _endpoints(services: list[str]) -> list[str]:
    return [endpoint(service) for service in services]
