"""The code of the functions: an asset for each group of functions.

A change of one group's code gives no new version of another group's functions.
"""

from typing import NamedTuple, cast

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from .package_files import FILES

LAMBDAS = FILES / "lambdas"


class Group(NamedTuple):
    """The `handlers` deployed together, and the packages that they alone import."""

    handlers: frozenset[str]
    packages: frozenset[str]


GROUPS = {
    "attachment": Group(
        frozenset({"event_switch", "event_switch_check"}), frozenset({"attachment"})
    ),
    "catalog": Group(
        frozenset({"ingest", "publish", "reconcile", "reconcile_result", "totals"}),
        frozenset({"ingestion", "reconciliation", "totals"}),
    ),
    "inspection": Group(frozenset({"inspect"}), frozenset({"inspection"})),
    "sql_mirror": Group(frozenset({"mirror"}), frozenset({"sql_mirror"})),
    "rollout": Group(frozenset({"post_traffic", "pre_traffic"}), frozenset({"rollout"})),
}
"""By name. Modules in no group are part of every asset."""


def function_code(scope: Construct, handler: str) -> assets.Asset:
    """Return the asset with the module `handler` of lambdas/handlers/ and what it imports.

    A product's stack can have no assets, because Service Catalog deploys it. Its template is an
    asset of the portfolio's stack, and so is its code: both are in CDK's bucket.
    """
    [name] = [name for name, group in GROUPS.items() if handler in group.handlers]
    stack = cdk.Stack.of(scope)
    if isinstance(stack, servicecatalog.ProductStack):
        stack = cdk.Stack.of(cast("Construct", stack.node.scope))
    code_id = f"Code-{name}"
    existing = cast("assets.Asset | None", stack.node.try_find_child(code_id))
    if existing:
        return existing
    others = [group for other, group in GROUPS.items() if other != name]
    code = assets.Asset(
        stack,
        code_id,
        path=str(LAMBDAS),
        exclude=[
            "**/__pycache__",
            "**/py.typed",
            *sorted(f"handlers/{each}.py" for group in others for each in group.handlers),
            *sorted(
                f"s3_catalog/environment/{each}_environment.py"
                for each in {"worker"}.union(*(group.handlers for group in others))
            ),
            *sorted(f"s3_catalog/{each}" for group in others for each in group.packages),
        ],
    )
    cdk.Annotations.of(code.bucket).acknowledge_warning(
        "@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified",
        "The code's key in its bucket is a hash of the code, so changed code has another key.",
    )
    return code
