"""Services that act for this account only."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
"""The condition of a policy that a service acts for a resource of this account."""


def for_this_account(service: str, *, source_arn: str | None = None) -> iam.ServicePrincipal:
    """Return the principal of `service`, for resources of this account.

    With `source_arn`, for the resources that match it. Without conditions, a resource of another
    account could have the service use the role ("The confused deputy problem", IAM User Guide).
    Only for services that name their source when they assume a role: from others the condition
    would refuse every request. tests/stacks/test_trust.py has AWS's page on each.
    """
    conditions: dict[str, object] = {**THIS_ACCOUNT}
    if source_arn:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    return iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions)
