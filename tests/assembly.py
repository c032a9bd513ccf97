"""A cloud assembly of one stack, as the CDK CLI would have the app write it."""

import json
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk

from stacks.settings.settings import Settings

ROOT = Path(__file__).parents[1]


def write(
    stack: Callable[[cdk.App, str, Settings], cdk.Stack], name: str, folder: Path, **settings: str
) -> Path:
    """Write `stack`, which takes the settings of the app, as `name` to `folder`; return that."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context={**context, **settings}, outdir=str(folder))
    stack(app, name, Settings.from_context(app.node))
    app.synth()
    return folder
