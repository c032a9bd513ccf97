"""The alarms: what a deployment is called off for, and what a person should look at."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..constructs.keys import Keys, let_service_use

_MINUTE = cdk.Duration.minutes(1)
_LATE = cdk.Duration.minutes(5)
_ERRORS = 1
"""Percent of calls: a canary of 10 percent that fails every second event is five times that."""


class Alarms(Construct):
    """Alarms on `ingest`, the failure queue and the readers of the stream, and their topic.

    Where there is nothing to measure, nothing is wrong. Those of `deployment` are about what a new
    version may do. That failures wait is an alarm beside these: were it one of them, the version
    that mends what made them fail could not be deployed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        keys: Keys,
        alias: lambda_.Alias,
        failures: sqs.IQueue,
        readers: list[lambda_.Function],
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=keys.data, enforce_ssl=True)
        self._let_cloudwatch_publish(keys)
        depth = failures.metric_approximate_number_of_messages_visible(
            period=_MINUTE, statistic="Maximum"
        )
        calls = {
            "errors": alias.metric_errors(period=_MINUTE),
            "calls": alias.metric_invocations(period=_MINUTE),
        }
        throttled = {
            "throttles": alias.metric_throttles(period=_MINUTE),
            "calls": alias.metric_invocations(period=_MINUTE),
        }
        self.deployment = [
            self._alarm(
                "Errors",
                _percent("errors", "calls", calls),
                above=_ERRORS,
                of=3,
                description="More than 1 percent of the calls of ingest fail.",
            ),
            self._alarm(
                "Throttles",
                _percent("throttles", "(throttles + FILL(calls, 0))", throttled),
                above=_ERRORS,
                of=3,
                description="More than 1 percent of the calls of ingest are throttled.",
            ),
            self._alarm(
                "NewFailures",
                cloudwatch.MathExpression(
                    expression="DIFF(depth)",
                    using_metrics={"depth": depth},
                    period=_MINUTE,
                    label="more failures",
                ),
                above=0,
                of=1,
                description="More failures wait than a minute ago: reinventure failed",
            ),
            *(
                self._alarm(
                    f"Late{n}",
                    reader.metric("IteratorAge", period=_MINUTE, statistic="Maximum"),
                    above=_LATE.to_milliseconds(),
                    of=3,
                    description="A reader of the table's stream is more than 5 minutes behind.",
                )
                for n, reader in enumerate(readers)
            ),
        ]
        self._alarm(
            "Failures",
            depth,
            above=0,
            of=1,
            description="Failures wait: reinventure failed shows them, redrive tries them again.",
        )

    def _alarm(
        self, id: str, metric: cloudwatch.IMetric, *, above: float, of: int, description: str
    ) -> cloudwatch.Alarm:
        """Alarm when `metric` was greater than `above` in two of `of` minutes, or in the one."""
        alarm = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=of,
            datapoints_to_alarm=min(of, 2),
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm

    def _let_cloudwatch_publish(self, keys: Keys) -> None:
        account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        let_service_use(keys.data, "cloudwatch", account)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=account,
            )
        )


def _percent(
    part: str, whole: str, metrics: dict[str, cloudwatch.Metric]
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=f"100 * {part} / {whole}",
        using_metrics=metrics,
        period=_MINUTE,
        label=f"{part} in percent",
    )
