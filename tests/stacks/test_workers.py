"""The Workers template."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.environment.worker_environment import WorkerEnvironment
from tests.assembly import ROOT
from tests.stacks.conftest import (
    Template,
    arn,
    as_list,
    catalog_table,
    exported,
    failures,
    key,
    permissions,
    properties,
    read,
    resources,
)

REASONS_FOR_EVERYTHING = {
    ("ecs:DiscoverPollEndpoint",): "it has no resources",
    ("ecr:GetAuthorizationToken",): "it is for all repositories of the account",
}
"""Actions that a role may allow on `*`, and the reason."""

Both = tuple[Template, Template]


def both(assembly: Path, stack: str = "Workers") -> Both:
    """The templates of `stack` and of Catalog, references from the one to the other resolved."""
    catalog = read(assembly)
    exports = exported(catalog)

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "Fn::ImportValue" in value:
            return exports[value["Fn::ImportValue"]]
        return {name: resolved(each) for name, each in value.items()}

    return resolved(read(assembly, stack)), catalog


@pytest.fixture(
    params=[{}, {"worker_instance": "c4.8xlarge", "ebs": "io1-20000iops"}],
    ids=["today", "2014"],
)
def stacks(request: pytest.FixtureRequest, synthesise: Callable[..., Path]) -> Both:
    return both(synthesise(workers="true", **request.param))


@pytest.fixture
def workers(stacks: Both) -> Template:
    return stacks[0]


def one(template: Template, kind: str) -> Any:
    [found] = properties(template, kind)
    return found


# Queues


def subscriptions(workers: Template) -> dict[str, Any]:
    """The subscriptions of the two queues of requests, by the logical id of the queue."""
    found = {
        each["Endpoint"]["Fn::GetAtt"][0]: each
        for each in properties(workers, "AWS::SNS::Subscription", least=2)
    }
    assert len(found) == 2
    return found


_COMPARISONS = {"<": lt, "<=": le, ">": gt, ">=": ge}


def passes(policy: Any, kind: str, size_mib: float | None) -> bool:
    """Whether SNS lets a message with these attributes pass the filter `policy`."""
    assert policy.keys() == {"kind", "size_mib"}
    [[operator, limit]] = [rule["numeric"] for rule in policy["size_mib"]]
    if kind not in policy["kind"] or size_mib is None:
        return False
    return bool(_COMPARISONS[operator](size_mib, limit))


def test_a_change_reaches_one_queue_and_a_deletion_none(
    synthesise: Callable[..., Path],
) -> None:
    policies = [
        [each["FilterPolicy"] for each in subscriptions(template).values()]
        for template in (
            read(synthesise(workers="true", inspect_max_mib=limit), "Workers")
            for limit in ("1", "64")
        )
    ]

    @given(
        st.sampled_from(policies),
        st.sampled_from(["created", "updated"]),
        st.integers(0, 10**14) | st.sampled_from([0, 2**20, 2**26, 2**26 + 1, 2**26 - 1]),
    )
    def check(filters: list[Any], kind: str, size: int) -> None:
        # As `publish` rounds it: up, to five decimals.
        size_mib = -(-size * 10**5 // 2**20) / 10**5
        assert sum(passes(each, kind, size_mib) for each in filters) == 1
        assert not any(passes(each, "deleted", None) for each in filters)

    check()


def test_the_function_gets_no_object_above_its_limit(stacks: Both) -> None:
    workers, _ = stacks
    [small] = [
        each["FilterPolicy"] for name, each in subscriptions(workers).items() if "Examine" in name
    ]
    [function] = properties(workers, "AWS::Lambda::Function")
    limit = int(function["Environment"]["Variables"]["MOST_MIB"])
    assert small["size_mib"] == [{"numeric": ["<=", limit]}]


def test_a_batch_of_the_slowest_content_is_done_before_the_dead_letter_queue(
    workers: Template,
) -> None:
    source = (ROOT / "lambdas/handlers/inspect.py").read_text()
    budget, reserve = (
        int(found) for found in re.findall(r"^(?:BUDGET|RESERVE) = (\d+)$", source, re.MULTILINE)
    )
    function = one(workers, "AWS::Lambda::Function")
    mapping = one(workers, "AWS::Lambda::EventSourceMapping")
    [queue] = [
        each["Properties"]
        for name, each in resources(workers, "AWS::SQS::Queue").items()
        if "Examine" in name
    ]
    each_time = (function["Timeout"] - reserve) // budget
    rounds = -(-mapping["BatchSize"] // each_time)
    assert rounds < queue["RedrivePolicy"]["maxReceiveCount"]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # Of the account's 1,000, which `ingest` shares.
    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 100


def test_messages_are_delivered_raw_and_undeliverable_ones_are_kept(stacks: Both) -> None:
    workers, catalog = stacks
    [topic] = [
        name
        for name, each in resources(catalog, "AWS::SNS::Topic").items()
        if each["Properties"].get("FifoTopic")
    ]
    for queue, subscription in subscriptions(workers).items():
        owned = failures(workers, "Worker" if queue.startswith("Worker") else "")
        assert subscription["TopicArn"] == {"Ref": topic}
        assert subscription["RawMessageDelivery"] is True
        assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": owned}
        settings = workers["Resources"][queue]["Properties"]
        assert settings["RedrivePolicy"]["deadLetterTargetArn"] == owned


def test_queues_are_under_the_queue_key_and_accept_this_topic_only(stacks: Both) -> None:
    workers, catalog = stacks
    for queue in properties(workers, "AWS::SQS::Queue", least=4):
        assert queue["KmsMasterKeyId"] == key(catalog, "queues")
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    topic = subscriptions(workers).popitem()[1]["TopicArn"]
    for policy in properties(workers, "AWS::SQS::QueuePolicy", least=4):
        statements = policy["PolicyDocument"]["Statement"]
        [allow] = [each for each in statements if each["Effect"] == "Allow"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [
            each["Condition"] for each in statements if each["Effect"] == "Deny"
        ]
        assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
        assert allow["Action"] == "sqs:SendMessage"
        assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


# Permissions


def looking(catalog: Template) -> list[tuple[list[str], Any]]:
    """The permissions to inspect an object and to update its row."""
    bucket = arn(catalog, "AWS::S3::Bucket")
    return [
        (["s3:GetObject", "s3:GetObjectVersion"], {"Fn::Join": ["", [bucket, "/*"]]}),
        (["s3:ListBucket", "s3:ListBucketVersions"], bucket),
        (["kms:Decrypt"], key(catalog, "objects, catalog rows")),
        (["dynamodb:GetItem", "dynamodb:UpdateItem"], catalog_table(catalog)),
        (["kms:Decrypt"], key(catalog, "objects, catalog rows")),
    ]


def test_the_function_has_these_permissions_only(stacks: Both) -> None:
    workers, catalog = stacks
    assert permissions(workers, "ExamineRole") == [
        *looking(catalog),
        (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            arn(workers, "AWS::SQS::Queue", "ExamineDoor"),
        ),
        (["kms:Decrypt"], key(catalog, "queues")),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            arn(workers, "AWS::Logs::LogGroup", "Examine"),
        ),
    ]


def test_a_worker_has_these_permissions_only(stacks: Both) -> None:
    workers, catalog = stacks
    assert permissions(workers, "WorkerRole") == [
        *looking(catalog),
        (
            ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
            arn(workers, "AWS::SQS::Queue", "WorkerDoor"),
        ),
        (["kms:Decrypt"], key(catalog, "queues")),
    ]


def test_keys_are_used_through_services_only(stacks: Both) -> None:
    workers, catalog = stacks
    keys = {json.dumps(key(catalog, word)) for word in ("queues", "objects, catalog rows")}
    through = [
        statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1][0]
        for role in properties(workers, "AWS::IAM::Role")
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if json.dumps(statement["Resource"]) in keys
    ]
    assert sorted(through) == ["dynamodb.", "dynamodb.", "s3.", "s3.", "sqs.", "sqs."]


def test_an_instance_may_report_to_its_cluster_and_tasks_may_start(stacks: Both) -> None:
    workers, _ = stacks
    cluster = arn(workers, "AWS::ECS::Cluster")
    reporting, polling, finding = permissions(workers, "WorkerFleetRole")
    assert reporting == (
        [
            "ecs:DeregisterContainerInstance",
            "ecs:RegisterContainerInstance",
            "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
        ],
        cluster,
    )
    assert ":container-instance/" in json.dumps(polling[1])
    assert cluster["Fn::GetAtt"][0] in json.dumps(polling[1])
    assert finding == (["ecs:DiscoverPollEndpoint"], "*")
    logging, pulling, entering = permissions(workers, "WorkerExecutionRole")
    assert logging[1] == arn(workers, "AWS::Logs::LogGroup", "^WorkerLogs")
    assert "cdk-hnb659fds-container-assets-" in json.dumps(pulling[1])
    assert entering == (["ecr:GetAuthorizationToken"], "*")


def test_flows_of_the_network_are_logged(stacks: Both) -> None:
    workers, _ = stacks
    [network] = resources(workers, "AWS::EC2::VPC")
    [log_group] = [n for n in resources(workers, "AWS::Logs::LogGroup") if "FlowLogs" in n]
    [role] = [n for n in resources(workers, "AWS::IAM::Role") if "FlowLogRole" in n]
    [flows] = properties(workers, "AWS::EC2::FlowLog")
    assert flows == {
        "DeliverLogsPermissionArn": {"Fn::GetAtt": [role, "Arn"]},
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": {"Ref": log_group},
        "ResourceId": {"Ref": network},
        "ResourceType": "VPC",
        "TrafficType": "ALL",
    }
    group = {"Fn::GetAtt": [log_group, "Arn"]}
    assert permissions(workers, role) == [
        (["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], group)
    ]


def test_no_role_has_wildcards_without_a_reason(stacks: Both) -> None:
    workers, _ = stacks
    assert "ManagedPolicyArns" not in json.dumps(workers)
    assert not resources(workers, "AWS::IAM::Policy", least=0)
    for role in properties(workers, "AWS::IAM::Role"):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not [a for a in as_list(statement["Action"]) if "*" in a]
                if statement["Resource"] == "*":
                    assert tuple(as_list(statement["Action"])) in REASONS_FOR_EVERYTHING


def test_the_data_key_allows_logs_of_this_stack_and_auto_scaling(stacks: Both) -> None:
    _, catalog = stacks
    [policy] = [
        each["KeyPolicy"]["Statement"]
        for each in properties(catalog, "AWS::KMS::Key")
        if "objects" in each["Description"]
    ]
    statements = {statement["Sid"]: statement for statement in policy}
    assert len(statements) == len(policy)
    assert "log-group:Workers-*" in json.dumps(statements["EncryptLogsOfWorkers"]["Condition"])
    for sid in ("LetAutoScalingUse", "LetAutoScalingKeepUsing"):
        statement = statements[sid]
        role = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
        assert json.dumps(role).endswith(
            ':role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]]}'
        )
        # With this condition any principal is this role of this account.
        assert {"Ref": "AWS::AccountId"} in role["Fn::Join"][1]
        through = json.dumps(statement["Condition"]["StringEquals"]["kms:ViaService"])
        assert '"ec2."' in through
    grant = statements["LetAutoScalingKeepUsing"]
    assert grant["Action"] == "kms:CreateGrant"
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
    assert "kms:CreateGrant" not in statements["LetAutoScalingUse"]["Action"]


# Instances


def test_nothing_runs_or_costs_by_the_hour_while_no_object_waits(
    workers: Template,
) -> None:
    group = one(workers, "AWS::AutoScaling::AutoScalingGroup")
    assert group["MinSize"] == "0"
    assert "DesiredCapacity" not in group
    assert one(workers, "AWS::ECS::Service")["DesiredCount"] == 0
    assert one(workers, "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 0
    for kind in ("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Instance"):
        assert not resources(workers, kind, least=0)
    for endpoint in properties(workers, "AWS::EC2::VPCEndpoint", least=2):
        assert endpoint["VpcEndpointType"] == "Gateway"


def test_instances_are_deleted_before_their_route(workers: Template) -> None:
    """CloudFormation deletes in the opposite order of dependencies."""
    [group] = resources(workers, "AWS::AutoScaling::AutoScalingGroup").values()
    routes = resources(workers, "AWS::EC2::Route", least=2)
    assert routes.keys() <= set(group["DependsOn"])
    [attachment] = resources(workers, "AWS::EC2::VPCGatewayAttachment")
    for route in routes.values():
        assert attachment in as_list(route["DependsOn"])


@pytest.mark.parametrize(
    ("instance", "vcpus", "mib", "most", "instances"),
    [
        ("c7g.large", 2, 4_096, 4, 2),
        ("c7g.large", 2, 4_096, 5, 3),
        ("c7g.large", 2, 4_096, 1, 1),
        ("c4.8xlarge", 36, 61_440, 37, 2),
    ],
)
def test_there_are_as_many_instances_as_workers_need(
    synthesise: Callable[..., Path],
    instance: str,
    vcpus: int,
    mib: int,
    most: int,
    instances: int,
) -> None:
    assembly = synthesise(workers="true", worker_instance=instance, workers_max=str(most))
    workers = read(assembly, "Workers")
    assert one(workers, "AWS::AutoScaling::AutoScalingGroup")["MaxSize"] == str(instances)
    target = one(workers, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["MaxCapacity"] == most
    [container] = one(workers, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    # With a tenth of its memory left to the system.
    assert container["Memory"] * vcpus < mib * 0.9
    assert container["Cpu"] == 1024


def test_containers_cannot_read_the_metadata_of_their_instance(workers: Template) -> None:
    data = one(workers, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert "KeyName" not in data
    # In bridge mode a container is one hop further away; in host mode it would not be.
    assert one(workers, "AWS::ECS::TaskDefinition")["NetworkMode"] == "bridge"


def test_there_is_no_ingress_and_https_egress_only(workers: Template) -> None:
    group = one(workers, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert not resources(workers, "AWS::EC2::SecurityGroupIngress", least=0)
    [egress] = group["SecurityGroupEgress"]
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)
    [interface] = one(workers, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"][
        "NetworkInterfaces"
    ]
    assert len(interface["Groups"]) == 1


@pytest.mark.parametrize("ebs", ["gp3", "io2", "gp2-16tb-10000iops", "io1-20000iops"])
@pytest.mark.parametrize("instance", ["c7g.4xlarge", "c4.8xlarge"])
def test_volumes_follow_the_setting_and_are_under_the_data_key(
    synthesise: Callable[..., Path], instance: str, ebs: str
) -> None:
    workers, catalog = both(synthesise(workers="true", worker_instance=instance, ebs=ebs))
    data = one(workers, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["InstanceType"] == instance
    assert data["EbsOptimized"] is True
    root, scratch = (each["Ebs"] for each in data["BlockDeviceMappings"])
    for volume in (root, scratch):
        assert volume["Encrypted"] is True
        assert volume["KmsKeyId"] == key(catalog, "objects, catalog rows")
        assert volume["DeleteOnTermination"] is True
    expected = {
        "gp3": ("gp3", 100, 3000, 125),
        "io2": ("io2", 400, 20000, None),
        "gp2-16tb-10000iops": ("gp2", 16384, None, None),
        "io1-20000iops": ("io1", 400, 20000, None),
    }[ebs]
    found = (
        scratch["VolumeType"],
        scratch["VolumeSize"],
        scratch.get("Iops"),
        scratch.get("Throughput"),
    )
    assert found == expected


@pytest.mark.parametrize(
    ("instance", "processor", "platform"),
    [("c7g.large", "arm64/", "linux/arm64"), ("c7i.large", "", "linux/amd64")],
)
def test_system_and_image_are_for_the_processor(
    synthesise: Callable[..., Path], instance: str, processor: str, platform: str
) -> None:
    assembly = synthesise(workers="true", worker_instance=instance)
    defaults = [p["Default"] for p in read(assembly, "Workers")["Parameters"].values()]
    image = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{processor}recommended/image_id"
    assert image in defaults
    assets = json.loads((assembly / "Workers.assets.json").read_text())
    [built] = assets["dockerImages"].values()
    assert built["source"]["platform"] == platform


def test_an_instance_mounts_the_blank_disk_before_it_joins(
    workers: Template, tmp_path: Path
) -> None:
    """Run the script of the template with fake disks, file system and mount."""
    data = one(workers, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    parts = data["UserData"]["Fn::Base64"]["Fn::Join"][1]
    script = "".join(part if isinstance(part, str) else "the-cluster" for part in parts)
    script = script.replace("/scratch", f"{tmp_path}/scratch").replace("/etc/ecs", str(tmp_path))
    # The second disk appears at the third look.
    commands = {
        "lsblk": (
            f'echo "$@" >> {tmp_path}/asked; case "$*" in\n'
            f"*--nodeps*) echo /dev/nvme0n1; "
            f"[ $(grep -c nodeps {tmp_path}/asked) -lt 3 ] || echo /dev/nvme1n1;;\n"
            "*nvme0n1) printf 'nvme0n1\\nnvme0n1p1\\n';; *nvme1n1) echo nvme1n1;; esac"
        ),
        "mkfs.xfs": f'echo mkfs "$@" >> {tmp_path}/done',
        "mount": f'echo mount "$@" >> {tmp_path}/done',
        "sleep": "exit 0",
    }
    for name, body in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-c", script], env={"PATH": path}, check=True)  # noqa: S607
    made, mounted = (tmp_path / "done").read_text().splitlines()
    assert made == "mkfs -q /dev/nvme1n1"
    assert mounted == (f"mount -o nodev,nosuid,noexec,noatime /dev/nvme1n1 {tmp_path}/scratch")
    assert (tmp_path / "scratch").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "ecs.config").read_text().splitlines() == [
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true",
        "ECS_CLUSTER=the-cluster",
    ]


# Workers


def test_a_worker_has_no_privileges_and_writes_to_its_scratch_volume_only(
    workers: Template,
) -> None:
    task = one(workers, "AWS::ECS::TaskDefinition")
    [container] = task["ContainerDefinitions"]
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["Privileged"] is False
    assert container["DockerSecurityOptions"] == ["no-new-privileges"]
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert task["Volumes"] == [{"Name": "scratch", "Host": {"SourcePath": "/scratch"}}]
    assert container["MountPoints"] == [
        {"SourceVolume": "scratch", "ContainerPath": "/scratch", "ReadOnly": False}
    ]
    assert not {"PidMode", "IpcMode"} & task.keys()


def test_a_worker_has_the_environment_that_it_reads(workers: Template) -> None:
    [container] = one(workers, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert container["Command"] == ["python", "-m", "worker"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    known = {field.name.upper() for field in fields(WorkerEnvironment)}
    assert variables.keys() == known - {"ATTACHED_BUCKETS"}  # No bucket is attached.
    assert variables["TMPDIR"] == "/scratch"
    assert variables["SHARDS"] == "16"
    assert variables["AWS_DEFAULT_REGION"] == {"Ref": "AWS::Region"}
    [queue] = [name for name in subscriptions(workers) if "WorkerDoor" in name]
    assert variables["QUEUE_URL"] == {"Ref": queue}


def test_the_service_depends_on_the_provider_of_its_cluster(workers: Template) -> None:
    [service] = resources(workers, "AWS::ECS::Service").values()
    [joined] = resources(workers, "AWS::ECS::ClusterCapacityProviderAssociations")
    assert joined in service["DependsOn"]
    [provider] = resources(workers, "AWS::ECS::CapacityProvider")
    assert service["Properties"]["CapacityProviderStrategy"] == [
        {"CapacityProvider": {"Ref": provider}, "Weight": 1}
    ]
    settings = one(workers, "AWS::ECS::CapacityProvider")["AutoScalingGroupProvider"]
    assert settings["ManagedScaling"]["Status"] == "ENABLED"
    assert settings["ManagedDraining"] == "ENABLED"


def test_workers_are_added_while_objects_wait_and_removed_when_none_is_at_work(
    workers: Template,
) -> None:
    policies = {
        name: each["Properties"]["StepScalingPolicyConfiguration"]
        for name, each in resources(workers, "AWS::ApplicationAutoScaling::ScalingPolicy").items()
    }
    alarms = resources(workers, "AWS::CloudWatch::Alarm", least=2)
    [waiting] = [a["Properties"] for name, a in alarms.items() if "WorkerWaiting" in name]
    [idle] = [a["Properties"] for name, a in alarms.items() if "WorkerIdle" in name]
    [queue] = [name for name in subscriptions(workers) if "WorkerDoor" in name]

    assert waiting["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert waiting["Dimensions"][0]["Value"] == {"Fn::GetAtt": [queue, "QueueName"]}
    assert (waiting["Threshold"], waiting["ComparisonOperator"]) == (
        1,
        "GreaterThanOrEqualToThreshold",
    )
    more = policies[waiting["AlarmActions"][0]["Ref"]]
    assert more["AdjustmentType"] == "ChangeInCapacity"
    assert all(step["ScalingAdjustment"] > 0 for step in more["StepAdjustments"])

    # Messages at work count, so no worker is stopped at its object.
    metrics = {each["Id"]: each for each in idle["Metrics"]}
    assert metrics["expr_1"]["Expression"] == "waiting + taken"
    assert [
        metrics[name]["MetricStat"]["Metric"]["MetricName"] for name in ("waiting", "taken")
    ] == ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"]
    assert (idle["Threshold"], idle["ComparisonOperator"]) == (0, "LessThanOrEqualToThreshold")
    none = policies[idle["AlarmActions"][0]["Ref"]]
    assert none["AdjustmentType"] == "ExactCapacity"
    assert none["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": 0}]


def test_the_image_is_our_code_on_an_exact_base(synthesise: Callable[..., Path]) -> None:
    assembly = synthesise(workers="true")
    [image] = [d for d in assembly.glob("asset.*") if (d / "worker").is_dir()]
    files = {str(path.relative_to(image)) for path in image.rglob("*") if path.is_file()}
    assert {"worker/__main__.py", "worker/queue_worker.py"} <= files
    rest = {file for file in files if not file.endswith((".py", ".sql", ".whl"))}
    assert rest == {"worker/Dockerfile", "worker/requirements.in", "worker/requirements.txt"}
    assert ".sql" in {Path(file).suffix for file in files}  # Migrations, too.
    dockerfile = (image / "worker" / "Dockerfile").read_text()
    assert re.search(
        r"^FROM \S+/python:3\.13\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE
    )
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    [install] = re.findall(r"pip install .*", dockerfile)
    assert "--no-index --find-links /tmp/worker --require-hashes --only-binary :all:" in install


def test_the_image_has_the_locked_wheels_for_any_processor(
    synthesise: Callable[..., Path],
) -> None:
    """The Makefile downloads them."""
    [wheels] = synthesise(workers="true").glob("asset.*/worker/wheels")
    lock = (wheels.parent / "requirements.txt").read_text()
    locked = re.findall(r"^(\S+)==(\S+)", lock, re.MULTILINE)
    kinds = {
        (name.replace("_", "-"), version): f"{abi}-{platform}"
        for name, version, _, abi, platform in (
            file.stem.split("-") for file in wheels.glob("*.whl")
        )
    }
    assert kinds == dict.fromkeys(locked, "none-any")
    hashes = {sha256(file.read_bytes()).hexdigest() for file in wheels.iterdir()}
    assert hashes < set(re.findall(r"sha256:([0-9a-f]{64})", lock))


# Where it can be deployed


def test_the_local_template_has_queues_function_and_task_definition(
    synthesise: Callable[..., Path],
) -> None:
    local = read(synthesise(workers="true", local="true"), "Workers")
    kinds = {resource["Type"] for resource in local["Resources"].values()}
    assert kinds == {
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SNS::Subscription",
        "AWS::Logs::LogGroup",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Lambda::EventSourceMapping",
        "AWS::ECS::TaskDefinition",
        "AWS::CloudWatch::Alarm",
        "AWS::CDK::Metadata",
    } - ({"AWS::CDK::Metadata"} - kinds)
    theirs = read(synthesise(workers="true"), "Workers")
    [mine], [real] = (
        properties(each, "AWS::ECS::TaskDefinition")[0]["ContainerDefinitions"]
        for each in (local, theirs)
    )
    assert {k: v for k, v in mine.items() if k != "Image"} == {
        k: v for k, v in real.items() if k != "Image"
    }


def test_the_template_is_for_any_account_and_region(synthesise: Callable[..., Path]) -> None:
    manifest = json.loads((synthesise(workers="true") / "manifest.json").read_text())
    workers = manifest["artifacts"]["Workers"]
    assert workers["environment"] == "aws://unknown-account/unknown-region"
    assert "Catalog" in workers["dependencies"]
    assert "missing" not in manifest
