"""Lambda functions with the code of lambdas/."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..settings.settings import Settings
from .function_code import function_code
from .log_group import EncryptedLogGroup


class PythonFunction(Construct):
    """The function `entry`, as `module.function` of the folder lambdas/.

    Its environment and log group are under the customer managed key `key`. Its role allows
    `permissions`, which can grow until the template is written, writing to the log group, tracing
    if the setting `tracing` is on, and nothing else.
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
        permissions: list[iam.PolicyStatement],
        memory_size: int,
        timeout: cdk.Duration,
    ) -> None:
        super().__init__(scope, id)
        self.log_group = EncryptedLogGroup(self, "Logs", settings, key)
        self.permissions = iam.PolicyDocument(
            statements=[
                *permissions,
                self.log_group.write_statement(),
                *([trace_statement()] if settings.tracing else []),
            ]
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Inline: a resource that depends on the role then depends on its policy as well.
            inline_policies={"rights": self.permissions},
        )
        self.timeout = timeout
        code = function_code(self, entry.split(".")[1])
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=entry,
            code=lambda_.Code.from_bucket_v2(code.bucket, code.s3_object_key),
            # CDK adds no statements: the role allows the list above and nothing else.
            role=self.role.without_policy_updates(),
            environment=environment,
            environment_encryption=key,
            memory_size=memory_size,
            timeout=timeout,
            tracing=lambda_.Tracing.ACTIVE if settings.tracing else lambda_.Tracing.DISABLED,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel[settings.log_level.upper()],
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            log_group=self.log_group,
        )


def trace_statement() -> iam.PolicyStatement:
    """Return the permission to send traces to X-Ray."""
    # X-Ray has no resources: "*" is the only one that these actions accept.
    return iam.PolicyStatement(
        actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"]
    )
