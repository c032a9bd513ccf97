"""Whether the customer managed keys of a catalog can be used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reinventure.aws.connection import config
from reinventure.aws.status.check import Check, State

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog


def checks(catalog: "DeployedCatalog") -> Iterator[Check]:
    """Yield a check for each key that is not enabled, or one for both that are.

    Needs the permission kms:DescribeKey. Raises botocore's ClientError or BotoCoreError.
    """
    client = catalog.session.client("kms", config=config())
    wrong = False
    for name, arn in (
        ("DATA", catalog.outputs.data_key_arn),
        ("QUEUE", catalog.outputs.queue_key_arn),
    ):
        state = client.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        if state == "Enabled":
            continue
        wrong = True
        command = f"aws kms enable-key --key-id {arn}"
        if state == "PendingDeletion":
            # A key whose deletion was cancelled is disabled.
            command = f"aws kms cancel-key-deletion --key-id {arn} && {command}"
        yield Check("key", State.WRONG, f"the key {name} is {state}", remedy=command)
    if not wrong:
        yield Check("keys", State.FINE, "DATA and QUEUE are enabled")
