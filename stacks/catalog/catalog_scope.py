"""The buckets of a catalog in its templates."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from s3_catalog.model.scope import Scope


class CatalogScope:
    """The bucket of its own, None if there is none, and the buckets that are `attached`.

    Attached buckets are named in the templates, never referred to.
    """

    def __init__(self, own: s3.IBucket | None, attached: Scope) -> None:
        self.own = own
        self.attached = attached
        self.bucket_name = own.bucket_name if own else None
        self.attached_buckets = str(attached) or None

    def bucket_arns(self) -> list[str]:
        """Return the ARN of each bucket."""
        own = [self.own.bucket_arn] if self.own else []
        return [*own, *self.attached_arns()]

    def attached_arns(self) -> list[str]:
        """Return the ARN of each attached bucket."""
        return [_arn(bucket) for bucket in self.attached.buckets]

    def object_prefixes(self) -> list[str]:
        """Return the beginnings of the ARNs of all objects of the scope."""
        own = [f"{self.own.bucket_arn}/"] if self.own else []
        return [*own, *(f"{_arn(each.bucket)}/{each.prefix}" for each in self.attached.entries)]

    def object_arns(self) -> list[str]:
        """Return the ARNs, which end with an asterisk, that all keys of the scope match."""
        return [f"{prefix}*" for prefix in self.object_prefixes()]

    def list_statements(self, *actions: str) -> list[iam.PolicyStatement]:
        """Return the permissions for `actions`, which list a bucket, on the keys of the scope."""
        whole, parts = [self.own.bucket_arn] if self.own else [], []
        for bucket in self.attached.buckets:
            prefixes = self.attached.prefixes(bucket)
            if prefixes == ("",):
                whole.append(_arn(bucket))
            else:
                like = {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}
                parts.append(_allow(actions, [_arn(bucket)], {"StringLike": like}))
        return [*([_allow(actions, whole)] if whole else []), *parts]


def _arn(bucket: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"


def _allow(
    actions: tuple[str, ...], resources: list[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources, conditions=conditions)
