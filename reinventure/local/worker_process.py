"""A worker of the local cloud: the program of the deployed task definition, as a process.

It runs the command of the task definition in its environment and with its role, as ECS does. It is
no container: it has no image and no limits, and a folder instead of the scratch volume.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_stack
from reinventure.contract import WORKERS, InspectionOutputs
from reinventure.local import background_process as background
from reinventure.local.cloud import Cloud

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import TaskDefinitionTypeDef

NAME = "worker"


def start(cloud: Cloud) -> None:
    """Start a worker for the stack Workers of `cloud`; it ends with the cloud.

    Raises UserError when that stack does not exist.
    """
    task = _task(cloud)
    [container] = task["containerDefinitions"]
    program, *arguments = container["command"]
    scratch = cloud.directory / "tmp" / "scratch"
    scratch.mkdir(exist_ok=True)
    background.start(
        cloud.directory,
        NAME,
        # This interpreter stands for the image's Python.
        [sys.executable if program == "python" else program, *arguments],
        environment={
            "PATH": os.environ.get("PATH", os.defpath),
            **_client_environment(cloud, task["taskRoleArn"]),
            **{each["name"]: each["value"] for each in container["environment"]},
            "TMPDIR": str(scratch),
            "PYTHONPATH": str(cdk.ROOT / "lambdas"),
            "PYTHONUNBUFFERED": "1",
        },
        cwd=cdk.ROOT,
    )


def _task(cloud: Cloud) -> "TaskDefinitionTypeDef":
    import boto3  # noqa: PLC0415 (the help needs none)

    cloudformation = boto3.client("cloudformation", **cloud.access)
    outputs = deployed_stack.find(cloudformation, WORKERS, InspectionOutputs)
    ecs = boto3.client("ecs", **cloud.access)
    return ecs.describe_task_definition(taskDefinition=outputs.worker_task_arn)["taskDefinition"]


def _client_environment(cloud: Cloud, role: str) -> dict[str, str]:
    """Return the environment with which an AWS client uses `cloud` in `role` alone."""
    variables = {
        name: value
        for name, value in cloud.environment.items()
        if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    }
    return {
        **variables,
        "AWS_CONFIG_FILE": str(_configuration(cloud, role)),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PROFILE": "worker",
    }


def _configuration(cloud: Cloud, role: str) -> Path:
    """Write the AWS configuration with which botocore assumes `role` and renews its session."""
    path = cloud.directory / "tmp" / "worker.config"
    environment = cloud.environment
    path.write_text(
        f"""[profile worker]
role_arn = {role}
source_profile = local

[profile local]
aws_access_key_id = {environment["AWS_ACCESS_KEY_ID"]}
aws_secret_access_key = {environment["AWS_SECRET_ACCESS_KEY"]}
"""
    )
    return path
