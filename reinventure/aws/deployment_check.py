"""What a deployment or a deletion would break in the account, found before it begins.

`make ship` runs this module before `cdk deploy`: python -m reinventure.aws.deployment_check FOLDER
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import config, explain, session
from reinventure.aws.deployed_stack import describe, resources
from reinventure.aws.queue_depth import depth
from reinventure.contract import (
    CATALOG,
    CATALOG_STACKS,
    DEPENDENT_STACKS,
    DESCRIPTION_PREFIX,
    decoded,
    output_name,
)
from reinventure.errors import UserError
from s3_catalog.model import scope

if TYPE_CHECKING:
    import boto3
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

_EMPTY = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
"""States of a stack without resources: its creation was never confirmed, or it failed."""


def require_settled(here: "boto3.Session") -> None:
    """Check that no deployment of Catalog is under way, whose settings are not its outputs yet.

    Raises UserError, and botocore's ClientError or BotoCoreError.
    """
    found = describe(here.client("cloudformation", config=config()), CATALOG)
    if found and found["StackStatus"].endswith("_IN_PROGRESS"):
        raise UserError(
            f"the stack {CATALOG} is being deployed ({found['StackStatus']}): wait for its end, "
            "then run the command again"
        )


def require_dependent_stacks(here: "boto3.Session", assembly: Path) -> None:
    """Check that each deployed stack that depends on Catalog is in the folder `assembly`.

    Otherwise it would keep old code beside a new catalog, and Catalog could not be deleted. Raises
    UserError with its name, and botocore's ClientError or BotoCoreError.
    """
    client = here.client("cloudformation", config=config())
    for stack, settings in DEPENDENT_STACKS.items():
        if _template(assembly, stack):
            continue
        found = describe(client, stack)
        if (
            found
            and found["StackStatus"] not in _EMPTY
            and found.get("Description", "").startswith(DESCRIPTION_PREFIX)
        ):
            raise UserError(
                f"the stack {stack} is deployed and depends on the catalog, but its setting is "
                f"off. Set {' or '.join(settings)} in cdk.json, or delete the stack first: "
                f"`cdk destroy {stack} -c {settings[0]}`"
            )


def require_empty_queues(here: "boto3.Session", assembly: Path) -> None:
    """Check that each queue that a deployment of the folder `assembly` removes is empty.

    Such is the queue of the transports sqs and sns, when another transport is set. SQS's counts are
    of the last minute. Raises UserError, and botocore's ClientError or BotoCoreError.
    """
    sqs = here.client("sqs", config=config())
    for stack in CATALOG_STACKS:
        template = _template(assembly, stack)
        if not template:
            continue
        for url in _queues(here, stack, without=template["Resources"]):
            if messages := _messages(sqs, url):
                raise UserError(
                    f"the deployment would remove the queue {url.rsplit('/', 1)[-1]} of the stack "
                    f"{stack}, with messages in it (about {messages:,}). Deploy again when it is "
                    f"empty: `aws sqs get-queue-attributes --attribute-names All --queue-url {url}`"
                )


def require_empty_bucket(here: "boto3.Session", assembly: Path) -> None:
    """Check that the bucket of its own, if a deployment of `assembly` destroys it, is empty.

    It does so without `create` in the setting `buckets`, when the deployed stack is of a sandbox.
    Superseded versions and delete markers count, too. Raises UserError, and botocore's ClientError
    or BotoCoreError.
    """
    template = _template(assembly, CATALOG)
    client = here.client("cloudformation", config=config())
    if not template or describe(client, CATALOG) is None:
        return
    for logical_id, bucket in resources(client, CATALOG, "AWS::S3::Bucket"):
        if logical_id in template["Resources"]:
            continue
        # CloudFormation follows the policy of the deployed template, not of the next one. It leaves
        # a bucket that is in neither, whose deletion failed before.
        deployed = client.get_template(StackName=CATALOG)["TemplateBody"]["Resources"]
        policy = deployed.get(logical_id, {"DeletionPolicy": "Retain"}).get("DeletionPolicy")
        destroyed = policy in ("Delete", None)
        if destroyed and not _is_empty(here.client("s3", config=config()), bucket):
            raise UserError(
                f"the deployment would destroy the bucket {bucket} with all its objects: the "
                "setting buckets has no `create`. Add it, or empty the bucket first, superseded "
                "versions too, as Empty in the console of S3 does"
            )


def require_own_bucket_once(here: "boto3.Session", assembly: Path) -> None:
    """Check that a deployment of the folder `assembly` does not attach the bucket of its own.

    The setting `buckets` has it as `create`. By its name as well, every function would fail: two
    entries of the scope would overlap. The synth does not have the name. Raises UserError, and
    botocore's ClientError or BotoCoreError.
    """
    template = _template(assembly, CATALOG)
    output = template.get("Outputs", {}).get(output_name("attached_buckets")) if template else None
    client = here.client("cloudformation", config=config())
    if not output or describe(client, CATALOG) is None:
        return
    attached = scope.parse(decoded(output["Value"])).buckets
    for logical_id, bucket in resources(client, CATALOG, "AWS::S3::Bucket"):
        if logical_id in template["Resources"] and bucket in attached:
            raise UserError(
                f"the setting buckets names {bucket}, the bucket of its own of the catalog, which "
                "it has as `create`: name it once"
            )


def _is_empty(s3: "S3Client", bucket: str) -> bool:
    try:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except s3.exceptions.NoSuchBucket:
        return True
    return not page.get("Versions") and not page.get("DeleteMarkers")


def _template(assembly: Path, stack: str) -> Any:
    """Return the template of `stack` in `assembly`; None if it is not there."""
    path = assembly / f"{stack}.template.json"
    return json.loads(path.read_text()) if path.exists() else None


def _queues(here: "boto3.Session", stack: str, *, without: dict[str, object]) -> Iterator[str]:
    """Yield the URLs of the queues of the deployed `stack` but those with an id in `without`."""
    client = here.client("cloudformation", config=config())
    if describe(client, stack) is None:
        return
    for logical_id, url in resources(client, stack, "AWS::SQS::Queue"):
        if logical_id not in without:
            yield url


def _messages(sqs: "SQSClient", url: str) -> int:
    """Return how many messages the queue has; 0 without it."""
    try:
        return depth(sqs, url)
    except sqs.exceptions.QueueDoesNotExist:
        return 0


def main(assembly: str) -> None:
    """Make all checks for a deployment of the folder `assembly`; exit with the reason if not."""
    try:
        here = session()
        require_dependent_stacks(here, Path(assembly))
        require_empty_queues(here, Path(assembly))
        require_empty_bucket(here, Path(assembly))
        require_own_bucket_once(here, Path(assembly))
    except UserError as error:
        sys.exit(f"make ship: {error}")
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"make ship: {explain(error)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
