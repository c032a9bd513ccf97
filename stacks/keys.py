"""The customer keys: who may use them, for what, through which service."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.settings import Settings

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
    """Two customer keys with yearly rotation: `data` for what is kept, `queue` for what waits.

    Two, because a bucket's key and the key of a queue that the bucket reports to would otherwise
    depend on each other.

    The key policies delegate to IAM, as AWS does by default, but only what is used: the account's
    administrators may manage a key, and nobody may use it except through the services named here.
    A service that sends events of its own, not in somebody's name, is let in by the transport.
    Not even an administrator can call `kms:Decrypt` directly on a catalogued object's data key.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self.data = customer_key(
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
        self.queue = customer_key(
            self, "Queue", settings, purpose="messages in queues", services=["sqs"], grants=[]
        )
        let_logs_use(self.data)

    def let_service(
        self,
        key: kms.Key,
        service: str,
        conditions: Mapping[str, object],
        *,
        sid: str | None = None,
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


def customer_key(
    scope: Construct,
    id: str,
    settings: Settings,
    *,
    purpose: str,
    services: list[str],
    grants: list[str],
) -> kms.Key:
    """Return a key that the account may use through `services` only, and administer.

    Those of `grants` may go on using it in somebody's name.
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
        rotation_period=cdk.Duration.days(365),
        pending_window=cdk.Duration.days(7 if settings.stage == "sandbox" else 30),
        removal_policy=settings.removal_policy,
        policy=iam.PolicyDocument(statements=statements),
    )


def let_logs_use(key: kms.Key) -> None:
    """Let CloudWatch Logs encrypt the log groups of the stack of `key`, and no others."""
    stack = cdk.Stack.of(key)
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EncryptLogsOfThisStack",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.{stack.url_suffix}")],
            actions=_USE,
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"{cdk.Aws.STACK_NAME}-*",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                }
            },
        )
    )


def _endpoints(services: list[str]) -> list[str]:
    return [f"{service}.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}" for service in services]
