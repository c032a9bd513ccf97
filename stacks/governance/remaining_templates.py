"""Validation at synth of the templates that an earlier synth has not validated."""

from pathlib import Path

import aws_cdk as cdk
import jsii
from constructs import IConstruct


class RemainingTemplates(cdk.CloudFormationValidatePlugin):
    """The plugin of the CDK, for templates that are not the same in the assembly `validated`.

    The synth of that assembly has validated them by the same rules.
    """

    def __init__(self, validated: Path, rules: list[cdk.ValidationRuleSource]) -> None:
        super().__init__(guard_rules=rules)
        self._validated = validated

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validate the remaining templates of `context`, and return the report."""
        return super().validate(_Remaining(context, self._validated))


@jsii.implements(cdk.IPolicyValidationContext)
class _Remaining:
    """`context` without the templates that are the same in `validated`."""

    def __init__(self, context: cdk.IPolicyValidationContext, validated: Path) -> None:
        def remains(template: str) -> bool:
            same = validated / Path(template).name
            return not same.exists() or same.read_bytes() != Path(template).read_bytes()

        self._context = context
        self._stacks = [each for each in context.stack_templates if remains(each.template_path)]

    @property
    def app_construct(self) -> IConstruct:
        return self._context.app_construct

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return self._stacks

    @property
    def template_paths(self) -> list[str]:
        return [each.template_path for each in self._stacks]

    @property
    def account_id(self) -> str | None:
        return self._context.account_id

    @property
    def region(self) -> str | None:
        return self._context.region
