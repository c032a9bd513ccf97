"""The alarms that roll a new version of `ingest` back."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..constructs.alarm_description import alarm_description
from ..constructs.alarm_topic import AlarmTopic
from ..constructs.dead_letter_queue import DeadLetterQueue

_MINUTE = cdk.Duration.minutes(1)
_ERRORS = 1
"""Percent of calls. A canary of 10 percent that fails every second event has five times as many."""


class RolloutAlarms(Construct):
    """Alarms on `alias`, and on growth of its dead-letter queue; all are in `deployment`.

    `log_group` is the name of the function's.

    The alarm on messages in the dead-letter queue is none of them: otherwise the version with the
    fix could not be deployed while they wait.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        alarms: AlarmTopic,
        alias: lambda_.Alias,
        dead_letter_queue: DeadLetterQueue,
        log_group: str,
    ) -> None:
        super().__init__(scope, id)
        calls = {
            "errors": alias.metric_errors(period=_MINUTE),
            "calls": alias.metric_invocations(period=_MINUTE),
        }
        throttled = {
            "throttles": alias.metric_throttles(period=_MINUTE),
            "calls": alias.metric_invocations(period=_MINUTE),
        }
        self.deployment = [
            alarms.alarm(
                self,
                "Errors",
                _percent("errors", "calls", calls),
                above=_ERRORS,
                of=3,
                description=alarm_description(
                    "More than 1 percent of the calls of ingest fail",
                    f"aws logs tail {log_group} --since 1h",
                    "Ingest fails",
                ),
            ),
            alarms.alarm(
                self,
                "Throttles",
                _percent("throttles", "(throttles + FILL(calls, 0))", throttled),
                above=_ERRORS,
                of=3,
                description=alarm_description(
                    "More than 1 percent of the calls of ingest are throttled",
                    "aws lambda get-account-settings",
                    "Ingest is throttled",
                ),
            ),
            alarms.alarm(
                self,
                "NewFailures",
                cloudwatch.MathExpression(
                    expression="DIFF(depth)",
                    using_metrics={"depth": dead_letter_queue.depth},
                    period=_MINUTE,
                    label="more failures",
                ),
                above=0,
                description=alarm_description(
                    "The dead-letter queue of ingest grew",
                    "reinventure failed",
                    "Failures of ingest grow",
                ),
            ),
        ]


def _percent(
    part: str, whole: str, metrics: dict[str, cloudwatch.Metric]
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=f"100 * {part} / {whole}",
        using_metrics=metrics,
        period=_MINUTE,
        label=f"{part} in percent",
    )
