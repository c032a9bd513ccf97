"""The AWS Config rules of the controls."""

from collections.abc import Mapping

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
        lacking: dict[str, cdk.CfnCondition] = {}
        for control in CONTROLS:
            missing = MISSING.get(control.config_rule or "", frozenset())
            if control.config_rule is None or region in missing:
                continue
            rule = self._rule(control)
            name = rule.ref
            if missing and region is None:
                lacks, has = self._conditions(control, missing)
                rule.cfn_options.condition = has
                name = _if(has, name, cdk.Aws.NO_VALUE)
                lacking[control.name] = lacks
            self.names.append(name)
        self.left_out = self._left_out(lacking) if lacking else "none"
        """The names of the controls whose rules CloudFormation left out, or "none"."""

    def _conditions(
        self, control: Control, missing: frozenset[str]
    ) -> tuple[cdk.CfnCondition, cdk.CfnCondition]:
        """Return the conditions that the region lacks the rule of `control`, and that it has it."""
        is_one = [cdk.Fn.condition_equals(cdk.Aws.REGION, region) for region in sorted(missing)]
        lacks = cdk.CfnCondition(
            self, f"Lacks{control.construct_id}", expression=cdk.Fn.condition_or(*is_one)
        )
        has = cdk.CfnCondition(
            self, f"Has{control.construct_id}", expression=cdk.Fn.condition_not(lacks)
        )
        return lacks, has

    def _left_out(self, lacking: Mapping[str, cdk.CfnCondition]) -> str:
        lacks_any = cdk.CfnCondition(
            self, "LacksAny", expression=cdk.Fn.condition_or(*lacking.values())
        )
        names = [_if(lacks, name, cdk.Aws.NO_VALUE) for name, lacks in lacking.items()]
        return _if(lacks_any, cdk.Fn.join(", ", names), "none")

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
