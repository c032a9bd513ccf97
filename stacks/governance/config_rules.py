"""The AWS Config rules of the controls."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_config as config
from constructs import Construct

from .controls import CONTROLS, SAME_TEXT, Control
from .rule_regions import MISSING

_GUARD_RUNTIME = "guard-2.x.x"
"""The only value of `PolicyRuntime` (CustomPolicyDetails, Config API reference)."""


class ConfigRules(Construct):
    """A rule for each of `CONTROLS` that AWS Config can check.

    A rule evaluates every resource of its type in the account and region. Config lacks some rules
    in some regions (`MISSING`). Those of `region` are left out; if `region` is None, CloudFormation
    leaves them out at deployment.
    """

    def __init__(self, scope: Construct, id: str, *, region: str | None) -> None:
        super().__init__(scope, id)
        self.names: list[str] = []
        """The names of the rules, for a list: a rule that CloudFormation left out adds none."""
        exists: dict[str, cdk.CfnCondition] = {}
        for control in CONTROLS:
            missing = MISSING.get(control.config_rule or "", frozenset())
            if control.config_rule is None or region in missing:
                continue
            rule = self._rule(control)
            name = rule.ref
            if missing and region is None:
                condition = exists[control.name] = self._exists(control, missing)
                rule.cfn_options.condition = condition
                name = _if(condition, name, cdk.Aws.NO_VALUE)
            self.names.append(name)
        self.left_out = self._left_out(exists) if exists else "none"
        """The names of the controls whose rules CloudFormation left out, or "none"."""

    def _exists(self, control: Control, missing: frozenset[str]) -> cdk.CfnCondition:
        """Return the condition that the region has the rule of `control`."""
        lacking = [cdk.Fn.condition_equals(cdk.Aws.REGION, region) for region in sorted(missing)]
        return cdk.CfnCondition(
            self,
            f"Has{control.construct_id}",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_or(*lacking)),
        )

    def _left_out(self, exists: Mapping[str, cdk.CfnCondition]) -> str:
        conditions = [cast("cdk.ICfnConditionExpression", each) for each in exists.values()]
        all_exist = cdk.CfnCondition(self, "HasAll", expression=cdk.Fn.condition_and(*conditions))
        names = [_if(condition, cdk.Aws.NO_VALUE, name) for name, condition in exists.items()]
        return _if(all_exist, "none", cdk.Fn.join(", ", names))

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


def _if(condition: cdk.CfnCondition, value: str, otherwise: str) -> str:
    return cdk.Fn.condition_if(condition.logical_id, value, otherwise).to_string()
