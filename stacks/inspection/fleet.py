"""The EC2 instances of the workers: none while no object waits."""

import math

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..constructs.keys import Keys
from ..constructs.log_group import EncryptedLogGroup
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from ..settings.worker_instance import INSTANCES, VOLUMES

SCRATCH = "/scratch"
"""Where the scratch volume of an instance is mounted."""

_ROOT_GIB = 30
"""The size of the ECS-optimized image, the minimum for its root volume."""


class Fleet(Construct):
    """An ECS cluster, and a capacity `provider` that starts and ends instances for its tasks.

    The instances are those of the Auto Scaling group `group`.

    The network has no NAT gateway and no interface endpoints, which cost by the hour. Instances
    have a public address instead; the security group allows no ingress, and HTTPS only as egress.
    Objects and rows go through gateway endpoints, which are free.

    Flow logs of the network, a record for each connection, are in a log group under the DATA key.

    The scratch volume belongs to the instance. A volume per task needs Nitro, which C4 lacks.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, keys: Keys) -> None:
        super().__init__(scope, id)
        instance = INSTANCES[settings.worker_instance]
        vpc = ec2.Vpc(
            self,
            "Network",
            # Two, because some regions have no third for every account.
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
            # It takes a custom resource, and nothing uses the default group.
            restrict_default_security_group=False,
        )
        self._log_flows(vpc, EncryptedLogGroup(self, "FlowLogs", settings, keys.data))
        closed = ec2.SecurityGroup(
            self,
            "Closed",
            vpc=vpc,
            description="Workers: nothing in, HTTPS out",
            allow_all_outbound=False,
        )
        closed.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS")

        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
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
            # One hop reaches the instance's agent, but no container.
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
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            launch_template=template,
            min_capacity=0,
            max_capacity=math.ceil(settings.workers_max / instance.vcpus),
        )
        for subnet in vpc.public_subnets:
            # Resources are destroyed in the opposite order: instances need their egress until then.
            self.group.node.add_dependency(subnet.internet_connectivity_established)
        self.provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            auto_scaling_group=self.group,
            machine_image_type=ecs.MachineImageType.AMAZON_LINUX_2,
            enable_managed_scaling=True,
            enable_managed_draining=True,
            # All workers end together, when no object waits, so none needs protection. Protected
            # instances would outlive a destroyed stack.
            enable_managed_termination_protection=False,
        )
        self.cluster.add_asg_capacity_provider(self.provider)

    def _log_flows(self, vpc: ec2.Vpc, log_group: EncryptedLogGroup) -> None:
        role = iam.Role(
            self,
            "FlowLogRole",
            assumed_by=for_this_account("vpc-flow-logs"),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[
                        log_group.write_statement(),
                        iam.PolicyStatement(
                            actions=["logs:DescribeLogStreams"],
                            resources=[log_group.log_group_arn],
                        ),
                    ]
                )
            },
        )
        ec2.CfnFlowLog(
            self,
            "Flows",
            resource_id=vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=log_group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )

    def _role(self) -> iam.Role:
        """Return the role of the ECS agent on an instance; tasks have their own roles."""
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
                        # It has no resources: "*" is the only one that it accepts.
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
    """Return the script that runs before the agent starts: it mounts the scratch volume."""
    script = ec2.UserData.for_linux()
    script.add_commands(
        "set -eu",
        # The scratch volume is the disk without partitions, and may come after the instance. Its
        # name depends on the hypervisor, and on links that the image may lack.
        "blank() {",
        "  for disk in $(lsblk --nodeps --noheadings --paths --output NAME --include 202,259); do",
        '    if [ "$(lsblk --noheadings "$disk" | wc -l)" = 1 ]; then echo "$disk"; return; fi',
        "  done",
        "}",
        'for _ in $(seq 120); do disk=$(blank); [ -n "$disk" ] && break; sleep 1; done',
        'mkfs.xfs -q "$disk"',
        f"mkdir {SCRATCH}",
        f'mount -o nodev,nosuid,noexec,noatime "$disk" {SCRATCH}',
        # The sticky bit: only its owner can remove a file.
        f"chmod 1777 {SCRATCH}",
        # Log drivers use the task's execution role instead of the instance's role.
        "echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true >> /etc/ecs/ecs.config",
    )
    return script
