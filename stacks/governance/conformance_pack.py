"""The AWS Config rules alone, for accounts without a Governance stack."""

import aws_cdk as cdk
from constructs import Construct

from .config_rules import ConfigRules

_WITH_ALL_RULES = "us-east-1"
"""A region that lacks no rule."""


class ConformancePackStack(cdk.Stack):
    """A stack whose template is a conformance pack, for any account.

    It has the rules that AWS Config has in `region`, or all of them. `aws configservice
    put-conformance-pack` accepts the file. A conformance pack may have no parameters, conditions or
    metadata, so CDK adds none.
    """

    def __init__(self, scope: Construct, id: str, *, region: str | None) -> None:
        super().__init__(
            scope,
            id,
            analytics_reporting=False,
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        # Otherwise the CDK CLI asks for the path of each construct, as metadata.
        self.node.set_context("aws:cdk:enable-path-metadata", False)
        ConfigRules(self, "Rules", region=region or _WITH_ALL_RULES)
