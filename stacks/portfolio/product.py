"""The product of the portfolio: an encrypted bucket with its live catalog."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct, IConstruct

from ..catalog.catalog import Catalog
from ..settings.settings import Settings

PRODUCTION = "production"
SUPERSEDED_DAYS = [1, 7, 30, 90, 365]
LOG_DAYS = [7, 30, 90, 365, 731, 1827]
"""Choices at launch, in days. CloudWatch Logs accepts certain numbers only."""


class EncryptedBucketProduct(servicecatalog.ProductStack):
    """The construct `Catalog`, with parameters for what can be chosen without a synthesis.

    Everything else is fixed (`Settings.of_product`), so that the launch role needs no further
    permissions; only the settings `local` and `unconditional_key_use` apply. Bucket, tables, keys
    and logs are retained when the product is terminated.

    An account can launch it any number of times, because the template fixes no name.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope, id, description="reinventure: an encrypted bucket with its live catalog"
        )
        stage = cdk.CfnParameter(
            self,
            "Stage",
            allowed_values=["sandbox", PRODUCTION],
            default=PRODUCTION,
            description="In production the tables refuse to be deleted.",
        )
        superseded = cdk.CfnParameter(
            self,
            "SupersededVersionsDays",
            type="Number",
            allowed_values=[str(days) for days in SUPERSEDED_DAYS],
            default="30",
            description="Days that an overwritten or deleted version of an object is kept.",
        )
        log_days = cdk.CfnParameter(
            self,
            "LogRetentionDays",
            type="Number",
            allowed_values=[str(days) for days in LOG_DAYS],
            default="365",
            description="Days that the logs of the functions are kept.",
        )
        protected = cdk.CfnCondition(
            self,
            "Protected",
            expression=cdk.Fn.condition_equals(stage.value_as_string, PRODUCTION),
        )
        # "Default" adds nothing to the logical ids of what is in it.
        Catalog(self, "Default", settings.of_product())
        for resource in self.node.find_all():
            _choose(resource, protected, superseded, log_days)
        cdk.Tags.of(self).add("stage", stage.value_as_string)


def _choose(
    resource: IConstruct,
    protected: cdk.CfnCondition,
    superseded: cdk.CfnParameter,
    log_days: cdk.CfnParameter,
) -> None:
    if isinstance(resource, dynamodb.CfnTable):
        resource.deletion_protection_enabled = cast(
            "bool", cdk.Fn.condition_if(protected.logical_id, True, False)
        )
    elif isinstance(resource, logs.CfnLogGroup):
        resource.retention_in_days = log_days.value_as_number
    elif isinstance(resource, s3.CfnBucket):
        resource.add_property_override(
            "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays",
            superseded.value_as_number,
        )
