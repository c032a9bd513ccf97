"""The machines that workers run on: none while there is nothing to do."""

import math

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..constructs.keys import Keys
from ..settings.settings import Settings
from ..settings.worker_instance import INSTANCES, VOLUMES

SCRATCH = "/scratch"
"""Where the scratch volume of an instance is mounted."""

_ROOT_GIB = 30
"""As many as the ECS-optimized image has: no volume of it can be smaller."""


class Fleet(Construct):
    """A cluster, and as many instances as its tasks need: `provider` starts and ends them.

    The network has no NAT gateway and no interface endpoints, which cost by the hour whether or
    not anything runs. Instances have a public address instead, lent to them as long as they live,
    and nobody can connect to it: the security group lets nothing in, and only HTTPS out. Objects
    and rows do not even go that way, but through gateway endpoints, which cost nothing.

    A volume of the instance, not one of ECS's own for each task: those need Nitro, which C4 lacks.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, keys: Keys) -> None:
        super().__init__(scope, id)
        instance = INSTANCES[settings.worker_instance]
        vpc = ec2.Vpc(
            self,
            "Network",
            # Two, because some regions let an account have no third.
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Workers", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24
                )
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDB": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
                ),
            },
            # By a custom resource; nothing is in the default group.
            restrict_default_security_group=False,
        )
        closed = ec2.SecurityGroup(
            self,
            "Closed",
            vpc=vpc,
            description="Workers: nothing in, HTTPS out",
            allow_all_outbound=False,
        )
        closed.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS")

        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        keys.let_auto_scaling_make_volumes()
        template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType(settings.worker_instance),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(
                ecs.AmiHardwareType.ARM if instance.arm else ecs.AmiHardwareType.STANDARD
            ),
            role=self._role().without_policy_updates(),
            security_group=closed,
            associate_public_ip_address=True,
            require_imdsv2=True,
            # One hop reaches the agent, which is on the instance itself, and no container.
            http_put_response_hop_limit=1,
            ebs_optimized=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        _ROOT_GIB,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                        encrypted=True,
                        kms_key=keys.data,
                        delete_on_termination=True,
                    ),
                ),
                ec2.BlockDevice(device_name="/dev/xvdf", volume=_scratch(settings, keys)),
            ],
            user_data=_user_data(),
        )
        group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            launch_template=template,
            min_capacity=0,
            max_capacity=math.ceil(settings.workers_max / instance.vcpus),
        )
        for subnet in vpc.public_subnets:
            # What is destroyed leaves in the opposite order: machines need the way out until then.
            group.node.add_dependency(subnet.internet_connectivity_established)
        self.provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            auto_scaling_group=group,
            machine_image_type=ecs.MachineImageType.AMAZON_LINUX_2,
            enable_managed_scaling=True,
            enable_managed_draining=True,
            # All workers end together, when there is nothing left to do: none needs protection, and
            # protected instances would outlive a stack that is destroyed.
            enable_managed_termination_protection=False,
        )
        self.cluster.add_asg_capacity_provider(self.provider)

    def _role(self) -> iam.Role:
        """Return the role of the agent on an instance; tasks have roles of their own."""
        instances = cdk.Stack.of(self).format_arn(
            service="ecs",
            resource="container-instance",
            resource_name=f"{self.cluster.cluster_name}/*",
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=[
                                "ecs:DeregisterContainerInstance",
                                "ecs:RegisterContainerInstance",
                                "ecs:SubmitAttachmentStateChanges",
                                "ecs:SubmitContainerStateChange",
                                "ecs:SubmitTaskStateChange",
                            ],
                            resources=[self.cluster.cluster_arn],
                        ),
                        iam.PolicyStatement(
                            actions=[
                                "ecs:Poll",
                                "ecs:StartTelemetrySession",
                                "ecs:UpdateContainerInstancesState",
                            ],
                            resources=[instances],
                        ),
                        # It names no resources: "*" is the only one that it accepts.
                        iam.PolicyStatement(actions=["ecs:DiscoverPollEndpoint"], resources=["*"]),
                    ]
                )
            },
        )


def _scratch(settings: Settings, keys: Keys) -> ec2.BlockDeviceVolume:
    volume = VOLUMES[settings.ebs]
    return ec2.BlockDeviceVolume.ebs(
        volume.gib,
        volume_type=ec2.EbsDeviceVolumeType(volume.type.upper()),
        iops=volume.iops if volume.iops_are_set else None,
        throughput=volume.mib_per_second,
        encrypted=True,
        kms_key=keys.data,
        delete_on_termination=True,
    )


def _user_data() -> ec2.UserData:
    """Return what an instance does before its agent starts: mount the scratch volume."""
    script = ec2.UserData.for_linux()
    script.add_commands(
        "set -eu",
        # Not by name: what a volume is called depends on the hypervisor, and on links that the
        # image may lack. It is the disk without partitions, and may come after the instance.
        "blank() {",
        "  for disk in $(lsblk --nodeps --noheadings --paths --output NAME --include 202,259); do",
        '    if [ "$(lsblk --noheadings "$disk" | wc -l)" = 1 ]; then echo "$disk"; return; fi',
        "  done",
        "}",
        'for _ in $(seq 120); do disk=$(blank); [ -n "$disk" ] && break; sleep 1; done',
        'mkfs.xfs -q "$disk"',
        f"mkdir {SCRATCH}",
        f'mount -o nodev,nosuid,noexec,noatime "$disk" {SCRATCH}',
        # Whoever writes there owns the file, and nobody else can remove it.
        f"chmod 1777 {SCRATCH}",
        # The logs of a task are written in the name of its execution role, not of the instance.
        "echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true >> /etc/ecs/ecs.config",
    )
    return script
