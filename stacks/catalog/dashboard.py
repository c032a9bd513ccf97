"""The CloudWatch dashboard of a catalog: what a person on call looks at first."""

from collections.abc import Iterable, Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from reinventure.contract import RUNBOOK, SQL, WORKERS

from ..constructs.alarm_topic import AlarmTopic
from ..settings.settings import Settings
from .change_feed import ChangeFeed
from .encrypted_table import EncryptedTable
from .ingest_function import IngestFunction
from .nightly_reconcile import NightlyReconcile
from .totals_function import TotalsFunction

_MINUTE, _HOUR, _DAY = cdk.Duration.minutes(1), cdk.Duration.hours(1), cdk.Duration.days(1)

_COLUMNS = 24
"""The width of a dashboard, in CloudWatch's units."""

Metrics = Mapping[str, cloudwatch.Metric]
"""Metrics by their labels."""


class CatalogDashboard(Construct):
    """A row for each question: alarms; is it right; is it late; what failed; what does it cost.

    It shows the alarms that `alarms` has so far. `events_queue` is that of the transport, if it has
    one. The queues of the stacks Workers and Sql are found by the names of these: they are deployed
    after this one, which cannot refer to them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        alarms: AlarmTopic,
        ingest: IngestFunction,
        totals: TotalsFunction,
        changes: ChangeFeed,
        table: EncryptedTable,
        events_queue: sqs.Queue | None,
        reconcile: NightlyReconcile | None,
    ) -> None:
        super().__init__(scope, id)
        functions = {
            "ingest": ingest.function,
            "totals": totals.function,
            "publish": changes.function,
        }
        failures = {
            "ingest": ingest.dead_letter_queue.depth,
            "totals": totals.dead_letter_queue.depth,
            "publish": changes.dead_letter_queue.depth,
        }
        optional = {WORKERS: settings.workers, SQL: settings.sql}
        rows = [
            [_text(f"**{cdk.Aws.STACK_NAME}**: `reinventure status`, and {RUNBOOK} by alarm.")],
            [_alarms(alarms)],
            list(_right(reconcile)),
            [_late(totals, changes, ingest), *_queue(events_queue)],
            [
                _graph("What failed: messages in the dead-letter queues", failures),
                _graph(
                    "What failed: errors and throttles a minute",
                    {
                        f"{name}: {kind}": metric
                        for name, function in functions.items()
                        for kind, metric in (
                            ("errors", function.metric_errors(period=_MINUTE)),
                            ("throttles", function.metric_throttles(period=_MINUTE)),
                        )
                    },
                ),
            ],
            [_queues_of(stack) for stack, deployed in optional.items() if deployed],
            [
                _graph(
                    "What costs: invocations an hour",
                    {
                        name: function.metric_invocations(period=_HOUR)
                        for name, function in functions.items()
                    },
                ),
                _graph("What costs: units of the tables an hour", _units(table, totals.table)),
                _graph(
                    "What costs: messages of the change feed an hour",
                    {"published": changes.topic.metric_number_of_messages_published(period=_HOUR)},
                ),
            ],
        ]
        # Without a name of ours, which another dashboard of the account could have.
        dashboard = cloudwatch.Dashboard(self, "Default", default_interval=_DAY)
        for row in rows:
            dashboard.add_widgets(*row)


def _text(markdown: str) -> cloudwatch.IWidget:
    widget = cloudwatch.TextWidget(markdown=markdown, width=_COLUMNS, height=2)
    return cast("cloudwatch.IWidget", widget)


def _alarms(alarms: AlarmTopic) -> cloudwatch.IWidget:
    widget = cloudwatch.AlarmStatusWidget(
        title="Alarms",
        alarms=[*alarms.alarms],
        width=_COLUMNS,
        height=4,
    )
    return cast("cloudwatch.IWidget", widget)


def _right(reconcile: NightlyReconcile | None) -> Iterable[cloudwatch.IWidget]:
    if reconcile is None:
        yield _text(
            "**Is it right?** `reinventure verify` compares. No comparison in the account does "
            "(setting `reconcile`)."
        )
        return
    machine = reconcile.machine
    yield _graph(
        "Is it right? Rows that comparisons repaired in a day", {"repaired": reconcile.repaired}
    )
    yield _graph(
        "Is it right? Comparisons of a day",
        {
            "succeeded": machine.metric_succeeded(period=_DAY, statistic="Sum"),
            "failed": machine.metric_failed(period=_DAY, statistic="Sum"),
            "timed out": machine.metric_timed_out(period=_DAY, statistic="Sum"),
            "stopped": machine.metric_aborted(period=_DAY, statistic="Sum"),
        },
    )


def _late(
    totals: TotalsFunction, changes: ChangeFeed, ingest: IngestFunction
) -> cloudwatch.IWidget:
    ages = {
        # Of asynchronous invocations, by S3 itself or a rule.
        "ingest": ingest.function.metric("AsyncEventAge", period=_MINUTE, statistic="Maximum"),
        "totals": totals.function.metric("IteratorAge", period=_MINUTE, statistic="Maximum"),
        "publish": changes.function.metric("IteratorAge", period=_MINUTE, statistic="Maximum"),
    }
    return _graph("Is it late? Milliseconds that changes are old when they are read", ages)


def _queue(queue: sqs.Queue | None) -> Iterable[cloudwatch.IWidget]:
    if queue:
        oldest = queue.metric_approximate_age_of_oldest_message(period=_MINUTE)
        yield _graph("Is it late? Seconds that the oldest event waits", {"ingest": oldest})


def _queues_of(stack: str) -> cloudwatch.IWidget:
    """Return a graph of all queues of the stack of this name, dead-letter queues too."""
    search = cloudwatch.MathExpression(
        expression=(
            'SEARCH(\'{AWS/SQS,QueueName} MetricName="ApproximateNumberOfMessagesVisible" '
            # Without quotation marks: names of which this is a part.
            f"QueueName={stack}', 'Maximum', 60)"
        ),
        using_metrics={},
        label="",
        period=_MINUTE,
    )
    widget = cloudwatch.GraphWidget(
        title=f"{stack}: messages that wait, and failed", left=[search], width=_COLUMNS // 3
    )
    return cast("cloudwatch.IWidget", widget)


def _units(table: EncryptedTable, totals: EncryptedTable) -> Metrics:
    return {
        f"{name}: {kind}": metric
        for name, each in (("rows", table), ("totals", totals))
        for kind, metric in (
            ("written", each.table.metric_consumed_write_capacity_units(period=_HOUR)),
            ("read", each.table.metric_consumed_read_capacity_units(period=_HOUR)),
        )
    }


def _graph(title: str, metrics: Metrics) -> cloudwatch.IWidget:
    widget = cloudwatch.GraphWidget(
        title=title,
        left=[metric.with_(label=label) for label, metric in metrics.items()],
        left_y_axis=cloudwatch.YAxisProps(min=0),
        width=_COLUMNS // 3,
    )
    return cast("cloudwatch.IWidget", widget)
