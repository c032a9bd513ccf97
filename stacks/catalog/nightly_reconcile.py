"""The comparison of buckets and catalog, every night or on demand, which repairs lost rows."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from s3_catalog.environment.reconcile_environment import ReconcileEnvironment
from s3_catalog.environment.reconcile_result_environment import ReconcileResultEnvironment
from s3_catalog.reconciliation.last_verified import PARTITION as VERIFIED

from ..constructs.alarm_description import alarm_description
from ..constructs.alarm_topic import AlarmTopic
from ..constructs.log_group import EncryptedLogGroup
from ..constructs.python_function import PythonFunction, trace_statement
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from .catalog_scope import CatalogScope
from .encrypted_table import EncryptedTable

_LATE_HOURS = 36
"""From the success of one comparison to that of the next are 24 hours, give or take their time."""

_WORKERS = 40
"""Ranges that are compared at the same time. Each queries every shard, so 40 workers make 640
queries at once with 16 shards. Of the 1,000 concurrent invocations of most accounts, 960 remain."""


class NightlyReconcile(Construct):
    """A state machine that runs every night at 03:17 UTC, if the setting `reconcile` is `nightly`.

    `reconcile.plan` divides the keys of the buckets into ranges. For each range, `reconcile.work`
    compares S3's list with the rows and repairs the rows. A worker that runs out of time returns
    its position, and the next one continues there. A range that fails after all retries stops no
    other: a bucket may be gone. In the end `reconcile_result` keeps the time of the comparison for
    each bucket that was equal, and fails the execution if a range has failed. An execution whose
    input names a bucket compares only that one: `reinventure repair` starts it for a large bucket.

    `alarms` are on after a comparison failed, or while the last ones repaired more than
    `max_differences` rows in a day, or none succeeded in `_LATE_HOURS` although they are nightly.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        key: kms.IKey,
        buckets: CatalogScope,
        table: EncryptedTable,
        totals: EncryptedTable,
        alarms: AlarmTopic,
    ) -> None:
        super().__init__(scope, id)
        environment = ReconcileEnvironment(
            table_name=table.table.table_name,
            shards=settings.shards,
            bucket_name=buckets.bucket_name,
            attached_buckets=buckets.attached_buckets,
        ).to_env()
        planner = PythonFunction(
            self,
            "Planner",
            settings,
            key=key,
            entry="handlers.reconcile.plan",
            description="Divides the keys of the bucket into ranges to compare",
            environment=environment,
            permissions=buckets.list_statements("s3:ListBucket"),
            memory_size=1024,
            timeout=cdk.Duration.minutes(5),
        )
        worker = PythonFunction(
            self,
            "Worker",
            settings,
            key=key,
            entry="handlers.reconcile.work",
            description="Compares a range of keys with the catalog and repairs the catalog",
            environment=environment,
            permissions=[
                *buckets.list_statements("s3:ListBucketVersions"),
                *table.access_statements(
                    "dynamodb:GetItem",
                    "dynamodb:PartiQLInsert",
                    "dynamodb:PutItem",
                    "dynamodb:Query",
                ),
            ],
            memory_size=1024,
            timeout=cdk.Duration.minutes(15),
        )
        recorder = PythonFunction(
            self,
            "Result",
            settings,
            key=key,
            entry="handlers.reconcile_result.handler",
            description="Records which buckets a comparison found equal to the catalog",
            environment=ReconcileResultEnvironment(
                totals_table_name=totals.table.table_name
            ).to_env(),
            permissions=totals.partition_statements(VERIFIED, "dynamodb:UpdateItem"),
            memory_size=256,
            timeout=cdk.Duration.minutes(5),
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=for_this_account("states"),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["lambda:InvokeFunction"],
                            resources=[
                                planner.function.function_arn,
                                worker.function.function_arn,
                                recorder.function.function_arn,
                            ],
                        ),
                        _deliver_logs(),
                        *([trace_statement()] if settings.tracing else []),
                    ]
                )
            },
        )
        machine = sfn.StateMachine(
            self,
            "Machine",
            comment="Compares bucket and catalog, and repairs the catalog",
            definition_body=sfn.DefinitionBody.from_chainable(
                self._plan(planner.function)
                .next(self._each_range(worker.function))
                .next(self._record(recorder.function))
            ),
            state_machine_type=sfn.StateMachineType.STANDARD,
            # CDK adds no statements: the role allows the list above, and to run the map.
            role=role.without_policy_updates(),
            # It ends before the next one starts.
            timeout=cdk.Duration.hours(23),
            tracing_enabled=True if settings.tracing else None,
            logs=sfn.LogOptions(
                destination=EncryptedLogGroup(self, "Logs", settings, key),
                level=sfn.LogLevel.ALL,
                include_execution_data=True,
            ),
        )
        self.machine = machine
        self._allow_map(role, machine)
        if settings.reconcile == "nightly":
            self._start_nightly(machine)
            self._watch_nights(machine, alarms)
        self.repaired = self._watch(settings, machine, worker, alarms)
        """The rows that the comparisons of a day repaired."""

    def _plan(self, planner: lambda_.IFunction) -> tasks.LambdaInvoke:
        """Return the state with the ranges: `{"ranges": [{"bucket": ..., ...}, ...]}`."""
        plan = tasks.LambdaInvoke(
            self,
            "Plan",
            lambda_function=planner,
            payload_response_only=True,
            retry_on_service_exceptions=False,
        )
        _retry(plan)
        return plan

    def _each_range(self, worker: lambda_.IFunction) -> sfn.DistributedMap:
        """Return the map over the ranges: each is worked on until the worker returns `done`."""
        work = tasks.LambdaInvoke(
            self,
            "Work",
            lambda_function=worker,
            payload_response_only=True,
            retry_on_service_exceptions=False,
        )
        _retry(work)
        # A map collects the results of its items, and fails above 256 KB: keys would be too long.
        compared = sfn.Pass(
            self,
            "Compared",
            parameters={
                "bucket": sfn.JsonPath.string_at("$.bucket"),
                "repaired": sfn.JsonPath.number_at("$.repaired"),
            },
        )
        # By default a map ends with its first item that fails.
        work.add_catch(
            sfn.Pass(
                self,
                "Failed range",
                parameters={
                    "bucket": sfn.JsonPath.string_at("$.bucket"),
                    "error": sfn.JsonPath.string_at("$.error.Error"),
                },
            ),
            errors=["States.ALL"],
            result_path="$.error",
        )
        again = sfn.Choice(self, "Done?")
        again.when(sfn.Condition.boolean_equals("$.done", True), compared)
        again.otherwise(work)
        each = sfn.DistributedMap(
            self,
            "Each range",
            items_path="$.ranges",
            max_concurrency=_WORKERS,
            # Standard: an express execution ends after five minutes, a worker takes up to fifteen.
            map_execution_type=sfn.StateMachineType.STANDARD,
        )
        return each.item_processor(work.next(again))

    def _record(self, recorder: lambda_.IFunction) -> tasks.LambdaInvoke:
        """Return the last state: the recorder gets what `Compared` returned of each range."""
        record = tasks.LambdaInvoke(
            self,
            "Record",
            lambda_function=recorder,
            payload=sfn.TaskInput.from_object(
                {
                    "began": sfn.JsonPath.string_at("$$.Execution.StartTime"),
                    "input": sfn.JsonPath.object_at("$$.Execution.Input"),
                    "ranges": sfn.JsonPath.object_at("$"),
                }
            ),
            payload_response_only=True,
            retry_on_service_exceptions=False,
        )
        _retry(record)
        return record

    def _allow_map(self, role: iam.Role, machine: sfn.StateMachine) -> None:
        # A distributed map starts its items as executions of its own state machine. A separate
        # policy, because the role must exist before the machine that it names.
        executions = [
            cdk.Stack.of(self).format_arn(
                service="states",
                resource="execution",
                resource_name=machine.state_machine_name + suffix,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for suffix in (":*", "/*")  # the machine itself, its map
        ]
        iam.Policy(
            self,
            "RunMap",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=["states:StartExecution"], resources=[machine.state_machine_arn]
                ),
                iam.PolicyStatement(
                    actions=["states:DescribeExecution", "states:StopExecution"],
                    resources=executions,
                ),
            ],
        )

    def _start_nightly(self, machine: sfn.StateMachine) -> None:
        starter = iam.Role(
            self,
            "Starter",
            assumed_by=for_this_account("events"),
            inline_policies={
                "start": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["states:StartExecution"],
                            resources=[machine.state_machine_arn],
                        )
                    ]
                )
            },
        )
        events.Rule(
            self,
            "Nightly",
            description="Starts the comparison of bucket and catalog",
            # UTC. Not at the full hour, when most schedules start.
            schedule=events.Schedule.cron(hour="3", minute="17"),
            targets=[targets.SfnStateMachine(machine, role=starter.without_policy_updates())],
        )

    def _watch_nights(self, machine: sfn.StateMachine, alarms: AlarmTopic) -> None:
        """Raise an alarm if comparisons do not take place."""
        # A comparison may take many hours more than the one of the night before.
        alarms.alarm_on_absence(
            self,
            "Late",
            machine.metric_succeeded(period=cdk.Duration.hours(1), statistic="Sum"),
            periods=_LATE_HOURS,
            description=alarm_description(
                f"No comparison of bucket and catalog succeeded in {_LATE_HOURS} hours",
                _start(machine),
                "Comparisons are late",
            ),
        )

    def _watch(
        self,
        settings: Settings,
        machine: sfn.StateMachine,
        worker: PythonFunction,
        alarms: AlarmTopic,
    ) -> cloudwatch.Metric:
        """Raise alarms on comparisons that fail, or find many differences.

        Returns the metric of the differences.
        """
        minutes, day = cdk.Duration.minutes(5), cdk.Duration.days(1)
        for name, metric, fate in (
            ("Failed", machine.metric_failed(period=minutes), "failed"),
            ("TimedOut", machine.metric_timed_out(period=minutes), "timed out"),
            ("Stopped", machine.metric_aborted(period=minutes), "was stopped"),
        ):
            alarms.alarm(
                self,
                name,
                metric,
                above=0,
                description=alarm_description(
                    f"The comparison of bucket and catalog {fate}",
                    _start(machine),
                    f"A comparison {fate}",
                ),
            )
        repaired = logs.MetricFilter(
            self,
            "Repaired",
            log_group=worker.log_group,
            filter_pattern=logs.FilterPattern.number_value("$.repaired", ">", 0),
            metric_namespace=f"reinventure/{cdk.Aws.STACK_NAME}",
            metric_name="RepairedRows",
            metric_value="$.repaired",
        ).metric(period=day, statistic="Sum")
        alarms.alarm(
            self,
            "Different",
            repaired,
            above=settings.max_differences,
            description=alarm_description(
                f"More than {settings.max_differences} rows differed from the bucket in a day",
                f"aws logs tail {worker.log_group.log_group_name} --since 1d",
                "Comparisons find many differences",
            ),
        )
        return repaired


def _start(machine: sfn.StateMachine) -> str:
    """Return the command that compares now, and repairs what differs."""
    return f"aws stepfunctions start-execution --state-machine-arn {machine.state_machine_arn}"


def _retry(task: tasks.LambdaInvoke) -> None:
    """Retry errors of Lambda itself, but not those of the function."""
    task.add_retry(
        errors=[
            "Lambda.AWSLambdaException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.SdkClientException",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
        ],
        interval=cdk.Duration.seconds(2),
        backoff_rate=2,
        max_delay=cdk.Duration.minutes(5),
        max_attempts=10,
        jitter_strategy=sfn.JitterType.FULL,
    )


def _deliver_logs() -> iam.PolicyStatement:
    # Step Functions logs through log deliveries, which have no ARN.
    return iam.PolicyStatement(
        actions=[
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        resources=["*"],
    )
