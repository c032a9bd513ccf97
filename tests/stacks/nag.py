"""cdk-nag's findings in templates.

The templates are included in an app of their own. So they are checked as they are deployed, with
properties that are overridden, and no stack is synthesised again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk.cloudformation_include import CfnInclude
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks
from constructs import IConstruct

from tests.stacks.findings import Finding, Scanner, construct_paths

NAG = Scanner(("AwsSolutions-", "NIST.800.53.R5-"))


@jsii.implements(cdk.IPolicyValidationContext)
class _Constructs:
    """The context of a validation of the constructs of `app`, which has no templates."""

    def __init__(self, app: cdk.App) -> None:
        self._app = app

    @property
    def app_construct(self) -> IConstruct:
        return cast("IConstruct", self._app)

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return []

    @property
    def template_paths(self) -> list[str]:
        return []

    @property
    def account_id(self) -> str | None:
        return None

    @property
    def region(self) -> str | None:
        return None


def nag(templates: Iterable[Path]) -> set[Finding]:
    """Return what the packs AwsSolutions and NIST 800-53 (revision 5) find in `templates`."""
    app = cdk.App()
    paths = {}
    for number, template in enumerate(templates):
        stack = cdk.Stack(app, f"Stack{number}", synthesizer=cdk.BootstraplessSynthesizer())
        CfnInclude(stack, "Included", template_file=str(template))
        for logical_id, path in construct_paths(template).items():
            paths[f"{stack.node.id}/Included/{logical_id}"] = path
    context = cast("cdk.IPolicyValidationContext", _Constructs(app))
    return {
        Finding(violation.rule_name, paths[construct.construct_path or ""])
        for pack in (AwsSolutionsChecks(app), NIST80053R5Checks(app))
        for violation in pack.validate(context).violations
        for construct in violation.violating_resources
    }
