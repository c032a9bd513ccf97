"""Commands for an AWS account."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_mirror, deployment_check
from reinventure.aws.connection import CONFIG, session
from reinventure.contract import CATALOG_STACKS, SQL
from reinventure.errors import NoStackError, UserError

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
    with _synthesised() as assembly:
        deployment_check.require_dependent_stacks(here, assembly)
        deployment_check.require_empty_queues(here, assembly)
        deployment_check.require_empty_bucket(here, assembly)
        if not cdk.bootstrapped(here):
            cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
        # The CDK ignores names of stacks that the settings do not have.
        cdk.run("deploy", *CATALOG_STACKS, "--app", str(assembly), environment=os.environ)
    _create_tables(here)


@contextmanager
def _synthesised() -> Iterator[Path]:
    """Yield the folder of what `cdk synth` writes for the settings, and remove it afterwards."""
    with TemporaryDirectory(prefix="reinventure-") as folder:
        cdk.run("synth", "--quiet", "--output", folder, environment=os.environ)
        yield Path(folder)


def _create_tables(here: "boto3.Session") -> None:
    """Create the tables of the SQL mirror, if there is one: a query needs no change before it."""
    with suppress(NoStackError):
        deployed_mirror.find(here, SQL).create_tables()


def concurrency_advice(here: "boto3.Session") -> str | None:
    """Return advice if the account has a low concurrency limit, as new accounts have; or None."""
    limits = here.client("lambda", config=CONFIG).get_account_settings()["AccountLimit"]
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
    with _synthesised() as assembly:
        deployment_check.require_dependent_stacks(here, assembly)
        # The CDK adds stacks that depend on these, and deletes each before those it depends on.
        cdk.run("destroy", *CATALOG_STACKS, "--app", str(assembly), environment=os.environ)


def _account() -> "tuple[boto3.Session, str, str]":
    cdk.require_checkout()
    if "AWS_ENDPOINT_URL" in os.environ:
        raise UserError(
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}: this shell points at a local "
            "cloud, where `make up` has deployed the catalog. Use a new shell for an account"
        )
    here = session()
    identity = here.client("sts", config=CONFIG).get_caller_identity()
    return here, identity["Account"], str(here.region_name)
