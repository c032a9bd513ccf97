"""Commands for an AWS account."""

import os
from typing import TYPE_CHECKING

from reinventure import cdk_cli as cdk
from reinventure.aws.connection import CONFIG, session
from reinventure.errors import UserError

if TYPE_CHECKING:
    import boto3

ENOUGH = 200
"""Functions at once that leave room for `ingest` while all others are at work."""


def deploy() -> None:
    """Deploy the catalog, with the workers and the SQL mirror if they are set.

    To the account and region of the current AWS profile. Bootstraps the account for CDK first, if
    nobody has. CDK shows what permissions change and asks before it goes on. With workers=true
    their image is built on the way, which takes Docker, or what CDK_DOCKER names.
    """
    here, account, region = _account()
    print(f"Deploying to account {account}, region {region}.", flush=True)
    if advice := concurrency_advice(here):
        print(advice, flush=True)
    if not cdk.bootstrapped(here):
        cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
    # CDK passes over names of stacks that are not set.
    cdk.run("deploy", *cdk.OF_A_CATALOG, environment=os.environ)


def concurrency_advice(here: "boto3.Session") -> str | None:
    """Return what to do if the account may run few functions at once, as new ones may; or None."""
    limits = here.client("lambda", config=CONFIG).get_account_settings()["AccountLimit"]
    at_once = limits["ConcurrentExecutions"]
    if at_once >= ENOUGH:
        return None
    return (
        f"Lambda runs at most {at_once:,} functions of this account at once: events will wait for "
        'each other. Ask for 1,000 in Service Quotas, "Concurrent executions" of AWS Lambda.'
    )


def destroy() -> None:
    """Remove the catalog, and the workers and the SQL mirror if they are set.

    From the account and region of the current AWS profile. CDK asks first. With stage=sandbox
    everything goes, objects too; with stage=production the stacks are protected, and bucket, table
    and keys would stay. A stack that was set once and is not now stays too: set it again to remove
    it. While a machine of the workers is up, some 20 minutes after their last work, removing them
    may take an hour.
    """
    _, account, region = _account()
    print(f"Removing from account {account}, region {region}.", flush=True)
    cdk.run("destroy", *cdk.OF_A_CATALOG, environment=os.environ)


def _account() -> "tuple[boto3.Session, str, str]":
    if "AWS_ENDPOINT_URL" in os.environ:
        raise UserError(
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}: this shell points at a local "
            "cloud, where `make up` has deployed already. Use a new shell for an account."
        )
    here = session()
    identity = here.client("sts", config=CONFIG).get_caller_identity()
    return here, identity["Account"], str(here.region_name)
