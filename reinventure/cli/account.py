"""Commands for an AWS account."""

import os

from reinventure import cdk, deployed
from reinventure.cli.options import session
from reinventure.errors import UserError


def deploy() -> None:
    """Deploy the stacks that are set to the account and region of the current AWS profile.

    Bootstraps the account for CDK first, if nobody has. CDK shows what permissions change and
    asks before it goes on. With workers=true their image is built on the way, which takes Docker,
    or what CDK_DOCKER names.
    """
    account, region = _account()
    print(f"Deploying to account {account}, region {region}.", flush=True)
    if not cdk.bootstrapped(session()):
        cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
    cdk.run("deploy", "--all", environment=os.environ)


def destroy() -> None:
    """Remove the stacks that are set from the account and region of the current AWS profile.

    CDK asks first. With stage=sandbox everything goes, objects too; with stage=production the
    stacks are protected, and bucket, table and keys would stay. A stack that was set once and is
    not now stays too: set it again to remove it.
    """
    account, region = _account()
    print(f"Removing from account {account}, region {region}.", flush=True)
    cdk.run("destroy", "--all", environment=os.environ)


def _account() -> tuple[str, str]:
    if "AWS_ENDPOINT_URL" in os.environ:
        raise UserError(
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}: this shell points at a laptop "
            "cloud, where `make up` has deployed already. Use a new shell for an account."
        )
    here = session()
    identity = here.client("sts", config=deployed.CONFIG).get_caller_identity()
    return identity["Account"], str(here.region_name)
