"""Existing buckets, whose events come through EventBridge.

Rules on the account's event bus cannot overwrite those of another team; entries of a bucket's
notification configuration can. Of the buckets themselves, only the EventBridge switch is touched.
"""

from hashlib import blake2b
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from reinventure.event_patterns import patterns
from s3_catalog.environment.event_switch_check_environment import EventSwitchCheckEnvironment
from s3_catalog.environment.event_switch_environment import EventSwitchEnvironment
from s3_catalog.model.scope import Scope

from ..constructs.alarm_description import alarm_description
from ..constructs.alarm_topic import AlarmTopic
from ..constructs.keys import Keys, allow_service
from ..constructs.python_function import PythonFunction
from ..constructs.service_principal import THIS_ACCOUNT
from ..settings.settings import Settings
from .ingest_function import IngestFunction


class AttachedBuckets(Construct):
    """The rules that send the events of `attached` to `ingest`, and the switch of each bucket.

    A switch is a custom resource. It is turned on once the rules exist, and turned off before they
    are deleted, if it was off before and no other rule needs it. A function checks the switches
    every hour; `alarms` are on while one is off, or while they are not checked.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        attached: Scope,
        ingest: IngestFunction,
        alarms: AlarmTopic,
    ) -> None:
        super().__init__(scope, id)
        rules = self._rules(settings, keys, attached, ingest)
        function = PythonFunction(
            self,
            "Switch",
            settings,
            key=keys.data,
            entry="handlers.event_switch.handler",
            description="Turns on the events of attached buckets, and off again",
            environment=EventSwitchEnvironment(
                bucket_partition=cdk.Aws.PARTITION,
                bucket_region=cdk.Aws.REGION,
                bucket_account=cdk.Aws.ACCOUNT_ID,
            ).to_env(),
            permissions=[_see_rules()],
            memory_size=256,
            timeout=cdk.Duration.minutes(14),
        )
        # A second invocation for the same request could turn on what has been turned off since.
        function.function.configure_async_invoke(retry_attempts=0)
        access = self._access(function.function, attached)
        for bucket in attached.buckets:
            # The logical id must stay: CloudFormation would create the new resource, which finds
            # EventBridge on, and then delete the old one, which turns it off.
            switch = cdk.CustomResource(
                self,
                bucket,
                resource_type="Custom::EventBridgeSwitch",
                service_token=function.function.function_arn,
                service_timeout=cdk.Duration.minutes(15),
                properties={"Bucket": bucket, "Rules": [rule.rule_name for rule in rules]},
            )
            switch.node.add_dependency(access, *rules)
        _watch(self, self._check(settings, keys, attached), alarms)

    def _rules(
        self, settings: Settings, keys: Keys, attached: Scope, ingest: IngestFunction
    ) -> list[events.Rule]:
        # The rule of the bucket of its own, if its events come through EventBridge as well, has the
        # same permission.
        if not (settings.buckets.create and settings.transport == "eventbridge"):
            # For the account: the rules need the queue, the queue needs the key, and a condition on
            # the rules would be a cycle. The queue's own policy, by CDK, allows these rules only.
            allow_service(
                keys.queue,
                "events",
                THIS_ACCOUNT,
                settings,
                sid="LetSendEventsOfAttachedBuckets",
            )
        return [
            events.Rule(
                self,
                f"Rule{bits}",
                description="Created, changed and deleted objects of attached buckets",
                event_pattern=events.EventPattern(
                    source=pattern["source"],
                    detail_type=pattern["detail-type"],
                    detail=pattern["detail"],
                ),
                targets=[ingest.rule_target()],
            )
            for bits, pattern in patterns(attached).items()
        ]

    def _check(self, settings: Settings, keys: Keys, attached: Scope) -> PythonFunction:
        check = PythonFunction(
            self,
            "Check",
            settings,
            key=keys.data,
            entry="handlers.event_switch_check.handler",
            description="Fails if an attached bucket sends no events",
            environment=EventSwitchCheckEnvironment(
                buckets=str(attached), bucket_account=cdk.Aws.ACCOUNT_ID
            ).to_env(),
            permissions=[
                iam.PolicyStatement(actions=["s3:GetBucketNotification"], resources=_arns(attached))
            ],
            memory_size=256,
            # A second a bucket is long. Where S3 does not answer, the time-out is the error.
            timeout=cdk.Duration.minutes(5),
        )
        # The next hour comes soon enough, and one failure is one error.
        check.function.configure_async_invoke(retry_attempts=0)
        events.Rule(
            self,
            "Hourly",
            description="Checks that attached buckets send events",
            schedule=events.Schedule.rate(cdk.Duration.hours(1)),
            targets=[targets.LambdaFunction(cast("lambda_.IFunction", check.function))],
        )
        return check

    def _access(self, function: lambda_.Function, attached: Scope) -> iam.CfnPolicy:
        """Return the policy that allows `function` to turn the switches of these buckets.

        Other buckets make another policy, with another logical id: CloudFormation then deletes the
        old one last, after the switches of the buckets that are no longer attached.
        """
        names = blake2b(",".join(attached.buckets).encode(), digest_size=4).hexdigest()
        role = cast("iam.IRole", function.role)
        return iam.CfnPolicy(
            self,
            f"Access{names}",
            policy_name=f"switch-{names}",
            roles=[role.role_name],
            policy_document=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=[
                            "s3:GetBucketLocation",
                            "s3:GetBucketNotification",
                            "s3:PutBucketNotification",
                        ],
                        resources=_arns(attached),
                    )
                ]
            ),
        )


def _watch(scope: Construct, check: PythonFunction, alarms: AlarmTopic) -> None:
    hour = cdk.Duration.hours(1)
    log_group = check.log_group.log_group_name
    alarms.alarm(
        scope,
        "Off",
        check.function.metric_errors(period=hour, statistic="Sum"),
        above=0,
        description=alarm_description(
            "An attached bucket sends no events", "reinventure status", "An attached bucket is off"
        ),
    )
    alarms.alarm_on_absence(
        scope,
        "Unchecked",
        check.function.metric_invocations(period=hour, statistic="Sum"),
        periods=2,  # One may end a moment before its check.
        description=alarm_description(
            "Whether attached buckets send events was not checked for two hours",
            f"aws logs tail {log_group} --since 3h",
            "Attached buckets are not checked",
        ),
    )


def _arns(attached: Scope) -> list[str]:
    return [f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}" for bucket in attached.buckets]


def _see_rules() -> iam.PolicyStatement:
    # Neither action has a resource: "*" is the only one that they accept.
    return iam.PolicyStatement(
        actions=["events:ListRules", "events:TestEventPattern"], resources=["*"]
    )
