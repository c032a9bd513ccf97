"""The rules by which AWS Config judges what is deployed."""

from aws_cdk import aws_config as config
from constructs import Construct

from .controls import CONTROLS, SAME_TEXT, Control

_GUARD_RUNTIME = "guard-2.x.x"
"""The one that Config has (`PolicyRuntime` of CustomPolicyDetails, Config API reference)."""


class ConfigRules(Construct):
    """A rule for each of `CONTROLS` that AWS Config can check. `rules` has them all.

    They judge every resource of their type in the account and region, whoever made it.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.rules = [self._rule(control) for control in CONTROLS if control.afterwards]

    def _rule(self, control: Control) -> config.CfnConfigRule:
        name = "".join(word.capitalize() for word in control.name.split("_"))
        if control.afterwards != SAME_TEXT:
            return config.CfnConfigRule(
                self,
                name,
                description=control.says,
                source=config.CfnConfigRule.SourceProperty(
                    owner="AWS", source_identifier=control.afterwards
                ),
            )
        return config.CfnConfigRule(
            self,
            name,
            description=control.says,
            scope=config.CfnConfigRule.ScopeProperty(compliance_resource_types=[control.kind]),
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
