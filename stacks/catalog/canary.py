"""How a new version of `ingest` comes to get events: tried first, a few at first, and watched."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from s3_catalog.environment.post_traffic_environment import PostTrafficEnvironment
from s3_catalog.environment.pre_traffic_environment import PreTrafficEnvironment

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from ..settings.traffic_shift import Shift
from .alarms import Alarms
from .encrypted_table import EncryptedTable
from .ingest_function import IngestFunction


class Canary(Construct):
    """A deployment group that moves the alias `live` from version to version as `shift` says.

    `before_traffic` tries the new version in the real table, where its rows count for nothing.
    `after_traffic` compares how often versions fail. Either may call the deployment off, and so may
    the alarms, or a person who stops it; the alias then goes back to the version before. `readers`
    are the functions that read the table's stream.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        shift: Shift,
        *,
        keys: Keys,
        ingest: IngestFunction,
        table: EncryptedTable,
        failures: DeadLetterQueue,
        readers: list[lambda_.Function],
    ) -> None:
        super().__init__(scope, id)
        application = codedeploy.LambdaApplication(self, "Application")
        # The group itself is not there yet when its hooks are; an application has no other.
        report = iam.PolicyStatement(
            actions=["codedeploy:PutLifecycleEventHookExecutionStatus"],
            resources=[_in_codedeploy(f"deploymentgroup:{application.application_name}/*")],
        )
        version = ingest.function.current_version
        before = PythonFunction(
            self,
            "Before",
            settings,
            key=keys.data,
            entry="handlers.pre_traffic.handler",
            description="Tries a new version of ingest before events reach it",
            environment=PreTrafficEnvironment(
                version_arn=version.function_arn,
                table_name=table.table.table_name,
                shards=settings.shards,
                key_arn=keys.data.key_arn,
            ).to_env(),
            permissions=[
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"],
                    # Not the new version only: IAM might not know of it yet when it is tried.
                    resources=[f"{ingest.function.function_arn}:*"],
                ),
                *table.test_bucket_statements(),
                report,
            ],
            memory_size=256,
            timeout=cdk.Duration.minutes(5),
        )
        after = PythonFunction(
            self,
            "After",
            settings,
            key=keys.data,
            entry="handlers.post_traffic.handler",
            description="Compares a new version of ingest with those before it",
            environment=PostTrafficEnvironment(
                function_name=ingest.function.function_name,
                alias_name=ingest.alias.alias_name,
                version=version.version,
            ).to_env(),
            permissions=[
                # CloudWatch knows no metrics to name: "*" is the only resource that it accepts.
                iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"]),
                report,
            ],
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
        )
        for hook in (before.function, after.function):
            # CodeDeploy takes one answer only: a second attempt could not say anything.
            hook.configure_async_invoke(retry_attempts=0)
        alarms = Alarms(
            self,
            "Alarms",
            keys=keys,
            alias=ingest.alias,
            failures=failures,
            readers=readers,
        )
        self.topic = alarms.topic
        codedeploy.LambdaDeploymentGroup(
            self,
            "Group",
            application=application,
            alias=ingest.alias,
            deployment_config=_configuration(self, shift),
            # Closed to CDK, which would give it the policy of AWS for all functions and buckets.
            role=self._role(ingest, before, after).without_policy_updates(),
            pre_hook=before.function,
            post_hook=after.function,
            alarms=alarms.deployment,
            auto_rollback=codedeploy.AutoRollbackConfig(
                failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
            ),
        )

    def _role(
        self, ingest: IngestFunction, before: PythonFunction, after: PythonFunction
    ) -> iam.Role:
        function = ingest.function.function_arn
        alarms = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:alarm:*"
        statements = [
            iam.PolicyStatement(
                actions=[
                    "lambda:GetAlias",
                    "lambda:GetProvisionedConcurrencyConfig",
                    "lambda:UpdateAlias",
                ],
                resources=[function, f"{function}:*"],
            ),
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[hook.function.function_arn for hook in (before, after)],
            ),
            # Whichever alarms are asked for, CloudWatch wants this for all of them.
            iam.PolicyStatement(
                actions=["cloudwatch:DescribeAlarms"],
                resources=[f"arn:{cdk.Aws.PARTITION}:cloudwatch:{alarms}"],
            ),
        ]
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            inline_policies={"rights": iam.PolicyDocument(statements=statements)},
        )


def _configuration(scope: Construct, shift: Shift) -> codedeploy.ILambdaDeploymentConfig:
    if shift.predefined:
        return codedeploy.LambdaDeploymentConfig.from_lambda_deployment_config_name(
            scope, "Shift", shift.predefined
        )
    routing = (
        codedeploy.TimeBasedCanaryTrafficRouting
        if shift.kind == "canary"
        else codedeploy.TimeBasedLinearTrafficRouting
    )
    made = codedeploy.LambdaDeploymentConfig(
        scope,
        "Shift",
        traffic_routing=routing(
            interval=cdk.Duration.minutes(shift.minutes), percentage=shift.percent
        ),
    )
    return cast("codedeploy.ILambdaDeploymentConfig", made)


def _in_codedeploy(resource: str) -> str:
    where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return f"arn:{cdk.Aws.PARTITION}:codedeploy:{where}:{resource}"
