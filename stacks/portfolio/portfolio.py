"""The portfolio of Service Catalog, from which people launch buckets with catalogs."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from .launch_role import LaunchRole
from .product import LOG_DAYS, PRODUCTION, SUPERSEDED_DAYS
from .released_versions import Version

CONFIDENTIALITY = ["internal", "confidential", "restricted"]
"""Values of the tag `confidentiality`, which every launch must choose."""

_OWNER = "reinventure"
_MONTH, _YEAR = 30, 365


class Portfolio(Construct):
    """The portfolio "Reactive buckets" with the product in all its released `versions`.

    `principal` is the ARN of a role, user or group that may launch it; if empty, no principal may.
    It needs permissions for Service Catalog only, which deploys with the launch role.
    """

    def __init__(
        self, scope: Construct, id: str, *, versions: list[Version], principal: str
    ) -> None:
        super().__init__(scope, id)
        for version in versions:
            _publish_code(cdk.Stack.of(self), version)
        product = servicecatalog.CloudFormationProduct(
            self,
            "Product",
            product_name="Encrypted bucket with live catalog",
            owner=_OWNER,
            description=(
                "An S3 bucket under a customer managed key, with an always-correct catalog in a "
                "DynamoDB table. Data is retained when the product is terminated."
            ),
            product_versions=[
                servicecatalog.CloudFormationProductVersion(
                    product_version_name=str(version.number),
                    cloud_formation_template=servicecatalog.CloudFormationTemplate.from_asset(
                        str(version.template)
                    ),
                )
                for version in versions
            ],
            tag_options=servicecatalog.TagOptions(
                self, "Tags", allowed_values_for_tags={"confidentiality": CONFIDENTIALITY}
            ),
        )
        self.portfolio = servicecatalog.Portfolio(
            self, "Portfolio", display_name="Reactive buckets", provider_name=_OWNER
        )
        self.portfolio.add_product(product)
        self.portfolio.set_launch_role(product, cast("iam.IRole", LaunchRole(self, "LaunchRole")))
        for name, parameter, choices, least in (
            ("Versions", "SupersededVersionsDays", SUPERSEDED_DAYS, _MONTH),
            ("Logs", "LogRetentionDays", LOG_DAYS, _YEAR),
        ):
            self._demand_in_production(product, name, parameter, choices, least)
        if principal:
            servicecatalog.CfnPortfolioPrincipalAssociation(
                self,
                "Access",
                portfolio_id=self.portfolio.portfolio_id,
                principal_arn=principal,
                principal_type="IAM",
            )
        self.product_id = product.product_id

    def _demand_in_production(
        self,
        product: servicecatalog.CloudFormationProduct,
        name: str,
        parameter: str,
        choices: list[int],
        least: int,
    ) -> None:
        """Reject a launch for production with less than `least` days for `parameter`."""
        self.portfolio.constrain_cloud_formation_parameters(
            cast("servicecatalog.IProduct", product),
            rule=servicecatalog.TemplateRule(
                rule_name=f"Production{name}",
                condition=cdk.Fn.condition_equals(cdk.Fn.ref("Stage"), PRODUCTION),
                assertions=[
                    servicecatalog.TemplateRuleAssertion(
                        assert_=cdk.Fn.condition_contains(
                            [str(days) for days in choices if days >= least],
                            cdk.Fn.ref(parameter),
                        ),
                        description=f"In production {parameter} must be {least} or more.",
                    )
                ],
            ),
        )


def _publish_code(stack: cdk.Stack, version: Version) -> None:
    """Publish the code of `version` under the object keys in its template."""
    for path in version.code:
        name = f"Code{path.stem}"
        if stack.node.try_find_child(name):
            continue  # An older version has the same code.
        staged = cdk.AssetStaging(stack, name, source_path=str(path))
        stack.synthesizer.add_file_asset(
            file_name=staged.relative_staged_path(stack),
            packaging=cdk.FileAssetPackaging.FILE,
            source_hash=path.stem,
        )
