"""Commands for an AWS account."""

import os
from typing import TYPE_CHECKING

from reinventure import account_deployment
from reinventure import cdk_cli as cdk
from reinventure.account_deployment import synthesised
from reinventure.aws import deployment_check
from reinventure.aws.connection import config, session
from reinventure.contract import CATALOG_STACKS
from reinventure.errors import UserError

if TYPE_CHECKING:
    import boto3

MIN_CONCURRENCY = 200
"""Concurrent executions of an account that leave room for `ingest` beside all other functions."""


def deploy() -> None:
    """Deploy the catalog to an AWS account, with workers and SQL mirror if the settings have them.

    Uses account and region of the current AWS profile, and bootstraps them for the CDK if needed.
    The CDK shows the changes of permissions and asks before it continues. With workers=true it
    builds a container image, which takes Docker, or the program in CDK_DOCKER.

    Refuses to leave a deployed stack behind whose setting is off, to remove a queue that holds
    messages, as another transport would, and to destroy the bucket of its own with objects in it.

    For example:

        AWS_PROFILE=sandbox reinventure deploy
    """
    here, account, region = _account()
    print(f"Deploying to account {account}, region {region}.", flush=True)
    if advice := concurrency_advice(here):
        print(advice, flush=True)
    account_deployment.deploy(here, account, region)


def concurrency_advice(here: "boto3.Session") -> str | None:
    """Return advice if the account has a low concurrency limit, as new accounts have; or None."""
    limits = here.client("lambda", config=config()).get_account_settings()["AccountLimit"]
    concurrency = limits["ConcurrentExecutions"]
    if concurrency >= MIN_CONCURRENCY:
        return None
    return (
        f"Lambda has a limit of {concurrency:,} concurrent executions in this account: events will "
        "wait. Request 1,000 in Service Quotas: AWS Lambda, Concurrent executions."
    )


def destroy() -> None:
    """Delete the catalog of an AWS account, with workers and SQL mirror if the settings have them.

    Uses account and region of the current AWS profile. The CDK asks first. Stacks that depend on
    the catalog are deleted before it, Governance included; one that is deployed while its setting
    is off is an error. With stage=sandbox all is deleted, objects included. With stage=production
    the stacks have termination protection; bucket, tables and keys are retained, and the SQL mirror
    leaves a snapshot. Instances of the workers run for some 20 minutes after their last work; until
    then, deleting their stack may take an hour.

    For example:

        AWS_PROFILE=sandbox reinventure destroy
    """
    here, account, region = _account()
    print(f"Deleting from account {account}, region {region}.", flush=True)
    with synthesised() as assembly:
        deployment_check.require_dependent_stacks(here, assembly)
        # The CDK adds stacks that depend on these, and deletes each before those it depends on.
        cdk.run("destroy", *CATALOG_STACKS, "--app", str(assembly), environment=os.environ)


def _account() -> "tuple[boto3.Session, str, str]":
    cdk.require_checkout()
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        raise UserError(
            f"AWS_ENDPOINT_URL is {endpoint}: this shell points at a local cloud, where `make up` "
            "has deployed the catalog. Use a new shell for an account"
        )
    here = session()
    identity = here.client("sts", config=config()).get_caller_identity()
    return here, identity["Account"], str(here.region_name)
