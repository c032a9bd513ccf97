"""Deploying the stacks of a catalog to an AWS account, with the real CDK CLI."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_mirror, deployment_check
from reinventure.contract import CATALOG_STACKS, SQL
from reinventure.errors import NoStackError

if TYPE_CHECKING:
    import boto3


def deploy(
    here: "boto3.Session",
    account: str,
    region: str,
    *,
    settings: Sequence[str] = (),
    ask: bool = True,
) -> None:
    """Deploy the stacks that cdk.json asks for to `account` and `region`, those of `here`.

    `settings`, like `shards=32`, win over cdk.json. With `ask`, the CDK shows changes of
    permissions, and asks. Bootstraps the account for the CDK if needed.

    Raises UserError when the CDK CLI fails, or when the deployment would leave a deployed stack
    behind, remove a queue that holds messages, destroy a bucket that has objects, or attach the
    bucket of its own; and botocore's ClientError or BotoCoreError.
    """
    with synthesised(settings) as assembly:
        deployment_check.require_dependent_stacks(here, assembly)
        deployment_check.require_empty_queues(here, assembly)
        deployment_check.require_empty_bucket(here, assembly)
        deployment_check.require_own_bucket_once(here, assembly)
        if not cdk.bootstrapped(here):
            cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
        approval = () if ask else ("--require-approval", "never")
        # The CDK ignores names of stacks that the settings do not have.
        cdk.run(
            *("deploy", *CATALOG_STACKS, *approval, "--app", str(assembly)), environment=os.environ
        )
    # A query of the SQL mirror, if there is one, needs no change before it.
    with suppress(NoStackError):
        deployed_mirror.find(here, SQL).create_tables()


@contextmanager
def synthesised(settings: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the folder of what `cdk synth` writes, and remove it afterwards.

    `settings` win over cdk.json. Raises UserError when the CDK CLI fails.
    """
    with TemporaryDirectory(prefix="reinventure-") as folder:
        context = chain.from_iterable(("-c", setting) for setting in settings)
        cdk.run("synth", "--quiet", *context, "--output", folder, environment=os.environ)
        yield Path(folder)
