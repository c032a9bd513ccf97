"""The second synth of `make synth` validates what the first has not."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.governance.controls import check_templates

BROKEN: dict[str, Any] = {}
SOUND = {"EnableKeyRotation": True}


def synth(folder: Path, stacks: dict[str, dict[str, Any]]) -> set[str]:
    """Synthesise a stack with a key for each of `stacks`, and return the stacks that violate."""
    app = cdk.App(outdir=str(folder), context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    check_templates(app)
    for name, properties in stacks.items():
        required: dict[str, Any] = {"KeyPolicy": {"Statement": []}}
        stack = cdk.Stack(app, name)
        cdk.CfnResource(stack, "Key", type="AWS::KMS::Key", properties={**required, **properties})
    with suppress(RuntimeError):  # The report has the reason.
        app.synth()
    report = folder / "validation-report.json"
    if not report.exists():
        return set()
    return {
        construct["constructPath"].partition("/")[0]
        for plugin in json.loads(report.read_text())["pluginReports"]
        for violation in plugin["violations"]
        if violation["severity"] == "error"
        for construct in violation["violatingConstructs"]
    }


def test_only_templates_that_differ_are_validated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    monkeypatch.setenv("CDK_VALIDATION", "false")
    assert synth(first, {"Same": BROKEN, "Changed": SOUND}) == set()
    monkeypatch.delenv("CDK_VALIDATION")
    stacks = {"Same": BROKEN, "Changed": BROKEN, "Added": BROKEN, "Right": SOUND}
    monkeypatch.setenv("CDK_VALIDATED", str(first))
    assert synth(second, stacks) == {"Changed", "Added"}
    monkeypatch.delenv("CDK_VALIDATED")
    assert synth(third, stacks) == {"Same", "Changed", "Added"}
