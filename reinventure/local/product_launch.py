"""Launching the product of the portfolio on the local cloud, which has no Service Catalog."""

from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import ParameterTypeDef


def launch(session: boto3.Session, template: Path, name: str, **chosen: str) -> DeployedCatalog:
    """Create a stack of a catalog's `template`, with `chosen` parameters; return its catalog.

    The code of its functions must be published: the Catalog stack of the same assembly has the same
    code. Raises botocore's ClientError or WaiterError when the creation fails.
    """
    cloudformation = session.client("cloudformation")
    parameters: list[ParameterTypeDef] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()
    ]
    # By value, CloudFormation takes 51,200 bytes: less than the template of all parts has.
    [toolkit] = cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in toolkit["Outputs"]}
    bucket, key = outputs["BucketName"], f"{name}.template.json"
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=template.read_bytes())
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=f"https://s3.{session.region_name}.amazonaws.com/{bucket}/{key}",
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    return deployed.find(session, name)
