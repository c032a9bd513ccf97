"""The permissions of people who only query the catalog."""

import json
from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from .catalog_scope import CatalogScope
from .encrypted_table import EncryptedTable

_ROOM = 5_000
"""Characters of the statements of a policy as the template has them, where a named bucket is longer
than in IAM and a reference is shorter. IAM's quota is 6,144 characters."""


class CatalogReader(Construct):
    """Managed policies that together allow `ls`, `du`, `find`, `stat`, `verify` and `buckets`.

    Most often it is one. A bucket with prefixes needs a statement of its own, so many of them need
    a second policy or more. No name is fixed: with one, a deployment would need
    CAPABILITY_NAMED_IAM, and a product could be launched only once.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        buckets: CatalogScope,
        table: EncryptedTable,
        totals: EncryptedTable,
    ) -> None:
        super().__init__(scope, id)
        statements = [
            _find_stack(),
            *table.access_statements("dynamodb:GetItem", "dynamodb:Query"),
            *totals.access_statements("dynamodb:BatchGetItem", "dynamodb:Query"),
            *_see_buckets(buckets),
        ]
        self.arns = [
            iam.ManagedPolicy(
                self,
                # "Default" adds nothing to the logical id.
                f"Part{n}" if n else "Default",
                # Another description would be another policy, which is not attached to anyone.
                description=f"Query the catalog of the stack {cdk.Aws.STACK_NAME}",
                statements=part,
            ).managed_policy_arn
            for n, part in enumerate(_parts(cdk.Stack.of(self), statements))
        ]
        """ARNs of the policies, in the order in which the template has them."""


def _find_stack() -> iam.PolicyStatement:
    where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return iam.PolicyStatement(
        actions=["cloudformation:DescribeStacks"],
        resources=[f"arn:{cdk.Aws.PARTITION}:cloudformation:{where}:stack/{cdk.Aws.STACK_NAME}/*"],
    )


def _see_buckets(buckets: CatalogScope) -> Iterator[iam.PolicyStatement]:
    """Yield the permissions to list the keys of the scope, and to see the EventBridge switches."""
    yield from buckets.list_statements("s3:ListBucketVersions")
    if attached := buckets.attached_arns():
        yield iam.PolicyStatement(actions=["s3:GetBucketNotification"], resources=attached)


def _parts(
    stack: cdk.Stack, statements: list[iam.PolicyStatement]
) -> list[list[iam.PolicyStatement]]:
    """Divide `statements`, in order, so that each part fits a policy."""
    parts: list[list[iam.PolicyStatement]] = [[]]
    room = _ROOM
    for statement in statements:
        size = len(json.dumps(stack.resolve(statement.to_json()), separators=(",", ":")))
        if size > room and parts[-1]:
            parts.append([])
            room = _ROOM
        parts[-1].append(statement)
        room -= size
    return parts
