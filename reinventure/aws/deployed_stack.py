"""The outputs of a deployed stack, as the record that stacks and command share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from reinventure import contract
from reinventure.contract import CatalogOutputs, InspectionOutputs, SqlOutputs
from reinventure.errors import NoStackError, UserError

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef, StackTypeDef


@dataclass(frozen=True)
class _Kind:
    """The stack's usual name, and how to deploy it."""

    name: str
    remedy: str


_KINDS: dict[type, _Kind] = {
    CatalogOutputs: _Kind(
        contract.CATALOG,
        "deploy it with `make deploy` (an account) or `make up` (the local cloud), or name another "
        "one with --stack",
    ),
    InspectionOutputs: _Kind(
        contract.WORKERS,
        "content inspection is not enabled. Set workers=true and run `make deploy` (an account), "
        "or run `make up WORKERS=1` (the local cloud)",
    ),
    SqlOutputs: _Kind(
        contract.SQL,
        "there is no SQL mirror. Set sql=true and run `make deploy` (an account), or run "
        "`make up SQL=1` (the local cloud)",
    ),
}

_T = TypeVar("_T", CatalogOutputs, InspectionOutputs, SqlOutputs)


def describe(client: "CloudFormationClient", stack: str) -> "StackTypeDef | None":
    """Return CloudFormation's description of the stack named `stack`; None if there is none.

    Raises botocore's ClientError or BotoCoreError.
    """
    try:
        return client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        # CloudFormation has no error code of its own for this.
        if "does not exist" not in error.response["Error"].get("Message", ""):
            raise
        return None


def find(client: "CloudFormationClient", stack: str, kind: type[_T]) -> _T:
    """Return the outputs of the stack named `stack`, in the account and region of `client`.

    Raises NoStackError when there is no such stack, or one of others, or none with outputs yet;
    UserError when an output of `kind` is missing; and botocore's ClientError or BotoCoreError.
    """
    expected = _KINDS[kind]
    description = describe(client, stack)
    if description is None:
        region = client.meta.region_name
        raise NoStackError(f"no stack {stack!r} in region {region}: {expected.remedy}")
    outputs = _outputs(description)
    try:
        return contract.from_outputs(kind, outputs)
    except contract.OutputError as error:
        ours = description.get("Description", "").startswith(contract.DESCRIPTION_PREFIX)
        raise (UserError if ours and outputs else NoStackError)(
            f"stack {stack!r} is not a {expected.name} stack of reinventure, or its deployment has "
            f"not finished: {error}"
        ) from None


def find_beside(
    client: "CloudFormationClient", catalog: str, stack: str, kind: type[_T]
) -> _T | None:
    """Return the outputs of the stack named `stack` that belongs to the stack `catalog`, or None.

    Workers and Sql belong to the stack Catalog, where they are deployed; a product has neither.
    Raises what `find` raises, but for NoStackError.
    """
    if catalog != contract.CATALOG:
        return None
    try:
        return find(client, stack, kind)
    except NoStackError:
        return None


def catalogs(client: "CloudFormationClient") -> Iterator[tuple[str, CatalogOutputs]]:
    """Yield the name and the outputs of each catalog in the account and region of `client`.

    Raises botocore's ClientError or BotoCoreError.
    """
    for page in client.get_paginator("describe_stacks").paginate():
        for description in page["Stacks"]:
            try:
                found = contract.from_outputs(CatalogOutputs, _outputs(description))
            except contract.OutputError:
                continue
            yield description["StackName"], found


def resources(client: "CloudFormationClient", stack: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the logical and the physical id of each resource of the type `kind` in `stack`.

    Raises botocore's ClientError, also for a stack that does not exist, or BotoCoreError.
    """
    for summary in _listed(client, stack):
        if summary["ResourceType"] == kind and "PhysicalResourceId" in summary:
            yield summary["LogicalResourceId"], summary["PhysicalResourceId"]


def every_resource(client: "CloudFormationClient", stack: str) -> Iterator[tuple[str, str, str]]:
    """Yield the type, the logical and the physical id of each resource in `stack`.

    Raises what `resources` raises.
    """
    for summary in _listed(client, stack):
        if "PhysicalResourceId" in summary:
            names = summary["LogicalResourceId"], summary["PhysicalResourceId"]
            yield summary["ResourceType"], *names


def _listed(client: "CloudFormationClient", stack: str) -> "Iterator[StackResourceSummaryTypeDef]":
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack):
        yield from page["StackResourceSummaries"]


def _outputs(description: "StackTypeDef") -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
