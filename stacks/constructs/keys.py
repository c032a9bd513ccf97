"""The customer keys: who may use them, for what, through which service."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

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
    """Two customer keys that rotate: `data` for what is kept, `queue` for what waits.

    Two, because a bucket's key and the key of a queue that the bucket reports to would otherwise
    depend on each other.

    The key policies delegate to IAM, as AWS does by default, but only what is used: the account's
    administrators may manage a key, and nobody may use it except through the services named here.
    A service that sends of its own, not in somebody's name, is let in by what it sends to: a
    transport, the change feed, the alarms.
    Not even an administrator can call `kms:Decrypt` directly on a catalogued object's data key.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
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
                *(["rds", "secretsmanager"] if settings.sql else []),
            ],
            grants=["dynamodb", "lambda", *(["rds", "secretsmanager"] if settings.sql else [])],
        )
        self.queue = customer_managed_key(
            self, "Queue", settings, purpose="messages in queues", services=["sqs"], grants=[]
        )
        let_logs_use(self.data)

    def let_log(self, stack: cdk.Stack, *, sid: str) -> None:
        """Let CloudWatch Logs put the log groups of another `stack` under the DATA key."""
        let_logs_use(self.data, stack.stack_name, sid=sid)

    def let_auto_scaling_make_volumes(self) -> None:
        """Let EC2 Auto Scaling launch instances whose volumes are under the DATA key.

        It does so in a role of its own, which no policy of ours can be attached to. The role is
        named in a condition, because a principal of a key policy must exist, and Auto Scaling makes
        its role when an account's first group is made. Role and actions: "Required AWS KMS key
        policy for use with encrypted volumes" in the EC2 Auto Scaling User Guide. Through EC2 only,
        as in the policy of AWS's own key for volumes, with which the same role works.
        """
        role = (
            f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/aws-service-role/"
            "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        )
        only = {
            "ArnEquals": {"aws:PrincipalArn": role},
            "StringEquals": {"kms:ViaService": _endpoints(["ec2"])},
        }
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
                    principals=[iam.AnyPrincipal()],
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
    """Return a key that the account may use through `services` only, and administer.

    Those of `grants` may go on using it in somebody's name. It rotates as `settings` say.
    """
    account = iam.AccountRootPrincipal()
    statements = [
        iam.PolicyStatement(
            sid="Administer", principals=[account], actions=_ADMINISTER, resources=["*"]
        ),
        iam.PolicyStatement(
            sid="UseThroughServices",
            principals=[account],
            actions=_USE,
            resources=["*"],
            conditions={"StringEquals": {"kms:ViaService": _endpoints(services)}},
        ),
    ]
    if grants:
        statements.append(
            iam.PolicyStatement(
                sid="LetServicesKeepUsing",
                principals=[account],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                    "StringEquals": {"kms:ViaService": _endpoints(grants)},
                },
            )
        )
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


def let_service_use(
    key: kms.Key, service: str, conditions: Mapping[str, object], *, sid: str | None = None
) -> None:
    """Let the AWS service `service` put messages under `key`, under `conditions` only.

    A service that is let in twice needs a `sid` of its own for the second time.
    """
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid or f"LetSend{service.capitalize()}",
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions=conditions,
        )
    )


def let_logs_use(
    key: kms.Key, stack_name: str = cdk.Aws.STACK_NAME, *, sid: str = "EncryptLogsOfThisStack"
) -> None:
    """Let CloudWatch Logs put the log groups of the stack `stack_name`, and no others, under `key`.

    By default those of the stack that has the key, whatever it is called when it is deployed.
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
    """Return the right to do `actions` with `key` through the AWS service `service` only.

    Most services open a key in the name of who calls them.
    """
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": endpoint(service)}},
    )


def endpoint(service: str) -> str:
    """Return what KMS calls the AWS service `service` in the region of the stack."""
    return f"{service}.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"


def _endpoints(services: list[str]) -> list[str]:
    return [endpoint(service) for service in services]
