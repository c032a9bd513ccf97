"""The rollout of a new version of `ingest`: a test, then traffic step by step, with alarms."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from s3_catalog.environment.post_traffic_environment import PostTrafficEnvironment
from s3_catalog.environment.pre_traffic_environment import PreTrafficEnvironment

from ..constructs.alarm_topic import AlarmTopic
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from ..settings.traffic_shift import Shift
from .encrypted_table import EncryptedTable
from .ingest_function import IngestFunction
from .rollout_alarms import RolloutAlarms


class Canary(Construct):
    """A CodeDeploy deployment group that shifts the alias `live` to a new version, as `shift` says.

    The hook `pre_traffic` runs the new version against the real table, in the reserved test bucket
    whose rows count nowhere. The hook `post_traffic` compares the error rates of the versions. A
    failed hook, an alarm or a person stops the deployment, and the alias returns to the version
    before. `late` are the alarms on the readers of the table's stream.
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
        alarms: AlarmTopic,
        late: list[cloudwatch.Alarm],
    ) -> None:
        super().__init__(scope, id)
        application = codedeploy.LambdaApplication(self, "Application")
        # Any group of the application, which has one: hooks and role exist before the group does.
        groups = _in_codedeploy(f"deploymentgroup:{application.application_name}/*")
        report = iam.PolicyStatement(
            actions=["codedeploy:PutLifecycleEventHookExecutionStatus"], resources=[groups]
        )
        version = ingest.function.current_version
        before = PythonFunction(
            self,
            "Before",
            settings,
            key=keys.data,
            entry="handlers.pre_traffic.handler",
            description="Pre-traffic test: runs a new version of ingest before it gets events",
            environment=PreTrafficEnvironment(
                version_arn=version.function_arn,
                table_name=table.table.table_name,
                shards=settings.shards,
                key_arn=keys.data.key_arn,
            ).to_env(),
            permissions=[
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"],
                    # All versions: IAM is eventually consistent, and the new one is seconds old.
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
            description="Post-traffic check: compares the errors of a new version of ingest",
            environment=PostTrafficEnvironment(
                function_name=ingest.function.function_name,
                alias_name=ingest.alias.alias_name,
                version=version.version,
            ).to_env(),
            permissions=[
                # Metrics have no ARN: "*" is the only resource that CloudWatch accepts.
                iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"]),
                report,
            ],
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
        )
        for hook in (before.function, after.function):
            # CodeDeploy accepts one status of each hook, so a retry would have no effect.
            hook.configure_async_invoke(retry_attempts=0)
        rollout = RolloutAlarms(
            self,
            "Alarms",
            alarms=alarms,
            alias=ingest.alias,
            dead_letter_queue=ingest.dead_letter_queue,
            log_group=ingest.log_group.log_group_name,
        )
        codedeploy.LambdaDeploymentGroup(
            self,
            "Group",
            application=application,
            alias=ingest.alias,
            deployment_config=_configuration(self, shift),
            # CDK would add AWS's managed policy, which allows all functions and buckets.
            role=self._role(ingest, before, after, groups).without_policy_updates(),
            pre_hook=before.function,
            post_hook=after.function,
            alarms=[*rollout.deployment, *late],
            auto_rollback=codedeploy.AutoRollbackConfig(
                failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
            ),
        )

    def _role(
        self, ingest: IngestFunction, before: PythonFunction, after: PythonFunction, groups: str
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
            # CloudWatch checks this permission against all alarms, whatever the request names.
            iam.PolicyStatement(
                actions=["cloudwatch:DescribeAlarms"],
                resources=[f"arn:{cdk.Aws.PARTITION}:cloudwatch:{alarms}"],
            ),
        ]
        return iam.Role(
            self,
            "Role",
            assumed_by=for_this_account("codedeploy", source_arn=groups),
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
    config = codedeploy.LambdaDeploymentConfig(
        scope,
        "Shift",
        traffic_routing=routing(
            interval=cdk.Duration.minutes(shift.minutes), percentage=shift.percent
        ),
    )
    return cast("codedeploy.ILambdaDeploymentConfig", config)


def _in_codedeploy(resource: str) -> str:
    where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return f"arn:{cdk.Aws.PARTITION}:codedeploy:{where}:{resource}"
