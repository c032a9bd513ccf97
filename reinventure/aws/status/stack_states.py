"""Whether the last deployment of each stack of a catalog succeeded."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reinventure import contract
from reinventure.aws import deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.status.check import Check, State

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog


def checks(catalog: "DeployedCatalog") -> Iterator[Check]:
    """Yield a check for each stack of `catalog` that is deployed.

    The stacks Workers and Sql belong to the stack Catalog; a product has neither. Raises botocore's
    ClientError or BotoCoreError.
    """
    client = catalog.session.client("cloudformation", config=config())
    stacks = contract.CATALOG_STACKS if catalog.stack == contract.CATALOG else (catalog.stack,)
    for stack in stacks:
        found = deployed_stack.describe(client, stack)
        ours = found and found.get("Description", "").startswith(contract.DESCRIPTION_PREFIX)
        if not found or not (ours or stack == catalog.stack):
            continue
        status = found["StackStatus"]
        changed = found.get("LastUpdatedTime") or found.get("CreationTime")
        # After a rollback the stack works as it did before, but not as the last deployment wanted.
        bad = "ROLLBACK" in status or status.endswith("FAILED") or status.startswith("DELETE")
        yield Check(
            "deployment",
            State.WRONG if bad else State.FINE,
            f"{stack} is {status}",
            changed if bad else None,
            f"aws cloudformation describe-stack-events --stack-name {stack}" if bad else "",
        )
