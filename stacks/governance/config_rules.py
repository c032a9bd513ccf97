"""The AWS Config rules of the controls."""

from aws_cdk import aws_config as config
from constructs import Construct

from .controls import CONTROLS, SAME_TEXT, Control

_GUARD_RUNTIME = "guard-2.x.x"
"""The only value of `PolicyRuntime` (CustomPolicyDetails, Config API reference)."""


class ConfigRules(Construct):
    """A rule for each of `CONTROLS` that AWS Config can check. `rules` has them all.

    A rule evaluates every resource of its type in the account and region.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.rules = [self._rule(control) for control in CONTROLS if control.config_rule]

    def _rule(self, control: Control) -> config.CfnConfigRule:
        if control.config_rule != SAME_TEXT:
            return config.CfnConfigRule(
                self,
                control.construct_id,
                description=control.description,
                source=config.CfnConfigRule.SourceProperty(
                    owner="AWS", source_identifier=control.config_rule
                ),
            )
        return config.CfnConfigRule(
            self,
            control.construct_id,
            description=control.description,
            scope=config.CfnConfigRule.ScopeProperty(
                compliance_resource_types=[control.resource_type]
            ),
            source=config.CfnConfigRule.SourceProperty(
                owner="CUSTOM_POLICY",
                custom_policy_details=config.CfnConfigRule.CustomPolicyDetailsProperty(
                    policy_runtime=_GUARD_RUNTIME,
                    policy_text=control.rule,
                    enable_debug_log_delivery=False,
                ),
                source_details=[
                    config.CfnConfigRule.SourceDetailProperty(
                        event_source="aws.config", message_type=message
                    )
                    for message in (
                        "ConfigurationItemChangeNotification",
                        "OversizedConfigurationItemChangeNotification",
                    )
                ],
            ),
        )
