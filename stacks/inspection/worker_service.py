"""The ECS service of the workers, which inspect large objects."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecr_assets as images
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from s3_catalog.environment.worker_environment import WorkerEnvironment

from ..catalog.catalog import Catalog
from ..constructs.alarm_description import alarm_description
from ..constructs.change_feed_queue import ChangeFeedQueue
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.log_group import EncryptedLogGroup
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from ..settings.worker_instance import INSTANCES
from . import object_access as inspection
from .fleet import SCRATCH, Fleet

_ROOT = Path(__file__).parents[2]
_IN_IMAGE = {"lambdas", "worker"}

_MEMORY = 512
"""MiB of a worker, more than twice its measured use (docs/inspection.md)."""

_USER = "10001:10001"
"""User and group of the process. The image has neither, so they own nothing in it."""


class WorkerService(Construct):
    """Workers, and their queue of requests, the large-object queue.

    It gets objects of more than `inspect_max_mib` MiB.

    The local cloud has the queue and the task definition only, which `reinventure up --workers`
    runs as a process.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, catalog: Catalog) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = DeadLetterQueue(
            self,
            "Failures",
            settings,
            keys=catalog.keys,
            alarms=catalog.alarms,
            function="the worker",
        )
        self.dead_letter_queue.deny_principals()
        self.requests = ChangeFeedQueue(
            self,
            "Door",
            settings,
            keys=catalog.keys,
            topic=catalog.changes.topic,
            filter_policy={
                "kind": ["created", "updated"],
                "size_mib": [{"numeric": [">", settings.inspect_max_mib]}],
            },
            dead_letter_queue=self.dead_letter_queue,
            # The worker extends the timeout of the message at work, again and again.
            visibility_timeout=cdk.Duration.minutes(3),
            # Some receives end with a worker that is stopped.
            max_receive_count=10,
        )
        self.task = self._task(settings, catalog)
        self.fleet: Fleet | None = None
        if not settings.limits.no_instances:
            self.fleet = Fleet(self, "Fleet", settings, keys=catalog.keys)
            self._scale(settings, self.fleet.cluster, self._service(self.fleet))

    def _task(self, settings: Settings, catalog: Catalog) -> ecs.Ec2TaskDefinition:
        logs = EncryptedLogGroup(self, "Logs", settings, catalog.keys.data)
        execution = [logs.write_statement()]
        image: ecs.ContainerImage = ecs.ContainerImage.from_registry("none")
        if not settings.limits.no_instances:
            built = self._image(settings)
            image = ecs.ContainerImage.from_docker_image_asset(built)
            execution += _pull(built)
        task = ecs.Ec2TaskDefinition(
            self,
            "Task",
            # Bridge: a task with its own address would need a NAT gateway.
            network_mode=ecs.NetworkMode.BRIDGE,
            # CDK adds no statements to either role.
            task_role=_role(
                self,
                "Role",
                settings,
                for_this_account("ecs-tasks"),
                [
                    *inspection.permissions(catalog),
                    *self.requests.receive_statements("sqs:ChangeMessageVisibility"),
                ],
            ).without_policy_updates(),
            execution_role=_role(
                self,
                "ExecutionRole",
                settings,
                iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
                execution,
            ).without_policy_updates(),
            volumes=[ecs.Volume(name="scratch", host=ecs.Host(source_path=SCRATCH))],
        )
        container = task.add_container(
            "Worker",
            image=image,
            command=["python", "-m", "worker"],
            environment=WorkerEnvironment(
                bucket_name=catalog.buckets.bucket_name,
                attached_buckets=catalog.buckets.attached_buckets,
                table_name=catalog.table.table.table_name,
                shards=settings.shards,
                queue_url=self.requests.queue.queue_url,
                aws_default_region=cdk.Aws.REGION,
                tmpdir=SCRATCH,
            ).to_env(),
            cpu=1024,
            memory_limit_mib=_MEMORY,
            user=_USER,
            readonly_root_filesystem=True,
            privileged=False,
            docker_security_options=["no-new-privileges"],
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
            # After SIGTERM a worker has 90 of these seconds for the object at work.
            stop_timeout=cdk.Duration.seconds(120),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="worker", log_group=logs),
        )
        if container.linux_parameters:
            container.linux_parameters.drop_capabilities(ecs.Capability.ALL)
        container.add_mount_points(
            ecs.MountPoint(source_volume="scratch", container_path=SCRATCH, read_only=False)
        )
        return task

    def _image(self, settings: Settings) -> images.DockerImageAsset:
        arm = INSTANCES[settings.worker_instance].arm
        return images.DockerImageAsset(
            self,
            "Image",
            directory=str(_ROOT),
            file="worker/Dockerfile",
            exclude=[
                *(path.name for path in _ROOT.iterdir() if path.name not in _IN_IMAGE),
                "**/__pycache__",
                "**/py.typed",
            ],
            platform=images.Platform.LINUX_ARM64 if arm else images.Platform.LINUX_AMD64,
        )

    def _service(self, fleet: Fleet) -> ecs.Ec2Service:
        service = ecs.Ec2Service(
            self,
            "Service",
            cluster=fleet.cluster,
            task_definition=self.task,
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(
                    capacity_provider=fleet.provider.capacity_provider_name, weight=1
                )
            ],
            # A deployment starts without workers; the alarms on the queue add them.
            desired_count=0,
            min_healthy_percent=0,
            max_healthy_percent=100,
            # As few instances as possible.
            placement_strategies=[ecs.PlacementStrategy.packed_by_cpu()],
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        # The cluster includes its association with the provider: created before the service, and
        # deleted after it.
        service.node.add_dependency(fleet.cluster)
        return service

    def _scale(self, settings: Settings, cluster: ecs.ICluster, service: ecs.Ec2Service) -> None:
        """Add workers while objects wait; remove all when none waits and none is at work.

        Step by step would not do: ECS cannot choose the workers that are idle.
        """
        target = scaling.ScalableTarget(
            self,
            "Scaling",
            service_namespace=scaling.ServiceNamespace.ECS,
            resource_id=f"service/{cluster.cluster_name}/{service.service_name}",
            scalable_dimension="ecs:service:DesiredCount",
            min_capacity=0,
            max_capacity=settings.workers_max,
            # The service-linked role; CDK would create another one.
            role=iam.Role.from_role_arn(
                self,
                "ScalingRole",
                f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/aws-service-role/"
                "ecs.application-autoscaling.amazonaws.com/"
                "AWSServiceRoleForApplicationAutoScaling_ECSService",
            ),
        )
        minute = cdk.Duration.minutes(1)
        waiting = self.requests.queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=minute
        )
        taken = self.requests.queue.metric_approximate_number_of_messages_not_visible(
            statistic="Maximum", period=minute
        )
        more = scaling.StepScalingAction(
            self,
            "More",
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            metric_aggregation_type=scaling.MetricAggregationType.MAXIMUM,
            # Until an instance is up and its task has received a message.
            cooldown=cdk.Duration.minutes(3),
        )
        # From the alarm's threshold, which is 1: up to 5 waiting, up to 50, and more.
        more.add_adjustment(adjustment=1, lower_bound=0, upper_bound=5)
        more.add_adjustment(adjustment=5, lower_bound=5, upper_bound=50)
        more.add_adjustment(adjustment=settings.workers_max, lower_bound=50)
        cloudwatch.Alarm(
            self,
            "Waiting",
            alarm_description=alarm_description(
                "Objects wait for a worker", "reinventure status", "Workers are added and removed"
            ),
            metric=waiting,
            threshold=1,
            comparison_operator=(cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD),
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.ApplicationScalingAction(more))
        none = scaling.StepScalingAction(
            self,
            "None",
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.EXACT_CAPACITY,
            metric_aggregation_type=scaling.MetricAggregationType.MAXIMUM,
        )
        none.add_adjustment(adjustment=0, upper_bound=0)
        cloudwatch.Alarm(
            self,
            "Idle",
            alarm_description=alarm_description(
                "No object waits for a worker, and none is at work",
                "reinventure status",
                "Workers are added and removed",
            ),
            metric=cloudwatch.MathExpression(
                expression="waiting + taken",
                using_metrics={"waiting": waiting, "taken": taken},
                period=minute,
            ),
            threshold=0,
            comparison_operator=(cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD),
            evaluation_periods=5,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        ).add_alarm_action(actions.ApplicationScalingAction(none))


def _role(
    scope: Construct,
    id: str,
    settings: Settings,
    service: iam.ServicePrincipal,
    statements: list[iam.PolicyStatement],
) -> iam.Role:
    return iam.Role(
        scope,
        id,
        assumed_by=(
            iam.AccountRootPrincipal() if settings.limits.account_assumes_task_role else service
        ),
        inline_policies={"rights": iam.PolicyDocument(statements=statements)},
    )


def _pull(image: images.DockerImageAsset) -> list[iam.PolicyStatement]:
    """Return the permissions to pull `image`."""
    return [
        iam.PolicyStatement(
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            resources=[image.repository.repository_arn],
        ),
        # It has no resources: "*" is the only one that it accepts.
        iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
    ]
