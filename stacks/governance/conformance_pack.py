"""The rules of AWS Config alone, for accounts that have no Governance stack."""

import aws_cdk as cdk
from constructs import Construct

from .config_rules import ConfigRules


class ConformancePackStack(cdk.Stack):
    """Nothing but rules: its template is a conformance pack for any account and region.

    `aws configservice put-conformance-pack` takes the file as it is. A conformance pack may have no
    parameters, conditions or metadata, so there is nothing of CDK's in it.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(
            scope,
            id,
            analytics_reporting=False,
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        # The CDK CLI would have it name the construct of each rule.
        self.node.set_context("aws:cdk:enable-path-metadata", False)
        ConfigRules(self, "Rules")
