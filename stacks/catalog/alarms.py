"""The alarms: those that roll a deployment back, and the one for a person."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..constructs.keys import Keys, allow_service
from ..settings.settings import Settings

_MINUTE = cdk.Duration.minutes(1)
_LATE = cdk.Duration.minutes(5)
_ERRORS = 1
"""Percent of calls. A canary of 10 percent that fails every second event has five times as many."""


class Alarms(Construct):
    """Alarms on `ingest`, the dead-letter queue and the readers of the table's stream; their topic.

    Missing data is not breaching. The alarms of `deployment` roll a new version back. The alarm on
    messages in the dead-letter queue is none of them: otherwise the version with the fix could not
    be deployed while they wait.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        alias: lambda_.Alias,
        dead_letter_queue: sqs.IQueue,
        readers: list[lambda_.Function],
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=keys.data, enforce_ssl=True)
        self._allow_cloudwatch(keys, settings)
        depth = dead_letter_queue.metric_approximate_number_of_messages_visible(
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
                description="The dead-letter queue grew: reinventure failed lists its messages.",
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
            description="The dead-letter queue has messages: reinventure failed, then redrive.",
        )

    def _alarm(
        self, id: str, metric: cloudwatch.IMetric, *, above: float, of: int, description: str
    ) -> cloudwatch.Alarm:
        """Return an alarm on `metric` above `above` in two of the last `of` minutes, or in one."""
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

    def _allow_cloudwatch(self, keys: Keys, settings: Settings) -> None:
        account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        allow_service(keys.data, "cloudwatch", account, settings)
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
