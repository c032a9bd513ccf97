"""The functions that run our own code."""

from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from stacks.logs import EncryptedLogs
from stacks.settings import Settings

_LAMBDAS = str(Path(__file__).parent.parent / "lambdas")
_CODE = "Code"


class Handler(Construct):
    """The function `entry`, as `module.function` of the folder lambdas/.

    Its environment and log group are under the customer key `key`. It has a role of its own, which
    may do what `rights` says, write to its log group, trace, and nothing besides. `rights` can
    grow until the template is written.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        key: kms.IKey,
        entry: str,
        description: str,
        environment: dict[str, str],
        rights: list[iam.PolicyStatement],
        memory_size: int,
        timeout: cdk.Duration,
    ) -> None:
        super().__init__(scope, id)
        log_group = EncryptedLogs(self, "Logs", settings, key)
        self.rights = iam.PolicyDocument(
            statements=[*rights, log_group.write_statement(), _trace()]
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Part of the role, not a policy beside it: what waits for the role waits for them too.
            inline_policies={"rights": self.rights},
        )
        self.timeout = timeout
        code = _code(self)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=entry,
            code=lambda_.Code.from_bucket_v2(code.bucket, code.s3_object_key),
            # Closed to CDK: what the function may do is the list above and nothing besides.
            role=role.without_policy_updates(),
            environment=environment,
            environment_encryption=key,
            memory_size=memory_size,
            timeout=timeout,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            log_group=log_group,
        )


def _code(scope: Construct) -> assets.Asset:
    """Return the folder lambdas/ as an asset of the stack that is deployed, the same for all.

    The stack of a product is deployed by whoever launches it, and can have no assets. Its template
    is an asset of the portfolio's stack, and so is its code: both lie in CDK's own bucket.
    """
    stack = cdk.Stack.of(scope)
    if isinstance(stack, servicecatalog.ProductStack):
        stack = cdk.Stack.of(cast("Construct", stack.node.scope))
    known = cast("assets.Asset | None", stack.node.try_find_child(_CODE))
    if known:
        return known
    code = assets.Asset(stack, _CODE, path=_LAMBDAS, exclude=["**/__pycache__"])
    cdk.Annotations.of(code.bucket).acknowledge_warning(
        "@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified",
        "The code's name in its bucket is a hash of the code, so another code has another name.",
    )
    return code


def _trace() -> iam.PolicyStatement:
    # X-Ray knows no resources to name: "*" is the only one that these actions accept.
    return iam.PolicyStatement(
        actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"]
    )
