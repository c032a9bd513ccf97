"""Deployments with another setting `buckets`: to an account, and to the local cloud.

The setting is a part of the next synthesis only, and is kept once every stack is deployed. So a
deployment that fails, or is interrupted or killed, leaves the setting as it was: nothing has to be
restored. One that CloudFormation completes nevertheless is seen by the next run, which deploys once
more, without a change, and then keeps the setting.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reinventure import account_deployment
from reinventure import cdk_cli as cdk
from reinventure.attaching import cdk_json
from reinventure.attaching.listed_buckets import line
from reinventure.aws import deployment_check
from reinventure.aws.connection import config, session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.local import cloud as clouds
from reinventure.local.cloud import LOCAL, Cloud
from reinventure.local.deployment import deploy_again
from reinventure.local.lock import locked
from reinventure.progress import Steps

EVENTBRIDGE_SECONDS = 360
"""Until S3 sends the events of a bucket after its switch was turned on: "around five minutes" (S3
User Guide, "Enabling Amazon EventBridge"), and one more."""

_SETTING = "buckets="


class ChangedDeployment(Protocol):
    """A deployed catalog whose setting `buckets` can be changed."""

    @property
    def eventbridge_seconds(self) -> float:
        """Seconds from the switch until EventBridge has every event of the bucket."""

    def buckets(self) -> str:
        """Return the setting. Raises UserError if it cannot be read."""

    def change(self, edit: Callable[[str], str]) -> None:
        """Deploy with the setting that `edit` makes of the present one, and keep it.

        Raises UserError, with the reason and the setting, when the deployment fails.
        """


@dataclass(frozen=True, slots=True)
class AccountDeployment:
    """The stacks of the checkout in an account, whose setting is in the file `path`.

    `ask`: the CDK shows changes of permissions, and asks.
    """

    catalog: DeployedCatalog
    ask: bool
    path: Path = cdk.ROOT / "cdk.json"

    eventbridge_seconds = EVENTBRIDGE_SECONDS

    def buckets(self) -> str:
        """Return the setting of cdk.json."""
        return cdk_json.buckets(self.path)

    def change(self, edit: Callable[[str], str]) -> None:
        """See `ChangedDeployment`. The CDK CLI writes to the terminal."""
        region, account = self.catalog.region, self.catalog.account
        _require_current(account, region)
        deployment_check.require_settled(self.catalog.session)
        # Before the lock, which is a file as well.
        if not os.access(self.path.resolve().parent, os.W_OK):
            raise UserError(f"{self.path} could not be changed: its folder is read-only")
        with locked(LOCAL / "attaching", "another `reinventure attach` or `detach` is running"):
            before = self.buckets()
            after = edit(before)
            with _unchanged(f"cdk.json still has {line(before)}"):
                account_deployment.deploy(
                    self.catalog.session,
                    account,
                    region,
                    settings=[f"{_SETTING}{after}"],
                    ask=self.ask,
                )
            if after != before:
                cdk_json.replace_buckets(self.path, after)
                print(f"cdk.json now has {line(after)}.")


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """The running local `cloud`, with the settings of `make up`; cdk.json stays as it is."""

    cloud: Cloud

    eventbridge_seconds = 0

    def buckets(self) -> str:
        """Return the setting of the cloud, by default that of cdk.json."""
        return _chosen(clouds.settings(self.cloud))

    def change(self, edit: Callable[[str], str]) -> None:
        """See `ChangedDeployment`. The data of the cloud stay."""
        with locked(self.cloud.directory, "another command changes the local cloud"):
            settings = clouds.settings(self.cloud)
            before = _chosen(settings)
            others = [each for each in settings if not each.startswith(_SETTING)]
            with Steps() as steps, _unchanged(f"the local cloud still has {line(before)}"):
                deploy_again(self.cloud, steps, [*others, f"{_SETTING}{edit(before)}"])


def of(catalog: DeployedCatalog, *, ask: bool) -> AccountDeployment | LocalDeployment:
    """Return the deployment of `catalog`: that of the local cloud, if the shell points there.

    Raises UserError if there is none that this checkout can change.
    """
    require_checkout()
    if catalog.stack != CATALOG:
        raise UserError(
            f"the stack {catalog.stack} is not deployed from this checkout, only {CATALOG} is"
        )
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return AccountDeployment(catalog, ask)
    cloud = clouds.find(LOCAL)
    if cloud is None or cloud.endpoint != endpoint:
        raise UserError(
            f"AWS_ENDPOINT_URL is {endpoint}, which is not the local cloud of this checkout: "
            "`make up` starts it, and `source .local/env` points a shell at it"
        )
    return LocalDeployment(cloud)


def is_checkout() -> bool:
    """Return whether cdk.json is here; a wheel has none."""
    return (cdk.ROOT / "cdk.json").exists()


def require_checkout() -> None:
    """Raise UserError unless this is a checkout, with what deployments need."""
    if not is_checkout():
        raise UserError(
            "this changes cdk.json and deploys, which takes a checkout of reinventure; here, "
            "--plan prints the line for those who deploy by a pipeline"
        )
    cdk.require_checkout()


def _require_current(account: str, region: str) -> None:
    """Raise UserError unless the CDK CLI, which has no options of ours, deploys to these."""
    here = session()
    current = here.client("sts", config=config()).get_caller_identity()["Account"]
    if (current, here.region_name) != (account, region):
        raise UserError(
            f"the catalog is in account {account}, region {region}, and the CDK would deploy to "
            f"{current}, {here.region_name}: set AWS_PROFILE and AWS_REGION"
        )


def _chosen(settings: list[str]) -> str:
    """Return the setting `buckets` of `settings`, the last one as the CDK CLI takes it."""
    chosen = [each.removeprefix(_SETTING) for each in settings if each.startswith(_SETTING)]
    return chosen[-1] if chosen else cdk_json.buckets(cdk.ROOT / "cdk.json")


@contextmanager
def _unchanged(state: str) -> Iterator[None]:
    """Say, when what is inside fails or is interrupted, that the setting is that of before."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{state}, because the deployment failed: {error}") from None
    except SystemExit:
        print(
            f"{state}. CloudFormation finishes a deployment that has begun: wait for its end, then "
            "run the command again.",
            file=sys.stderr,
        )
        raise
