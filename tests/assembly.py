"""Write the cloud assembly of a stack, with the context that the CDK CLI would pass."""

import json
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk

from stacks.settings.settings import Settings

ROOT = Path(__file__).parents[1]


def write(
    stack: Callable[[cdk.App, str, Settings], cdk.Stack], name: str, folder: Path, **settings: str
) -> Path:
    """Write the assembly of `stack`, under the id `name`, to `folder`, and return the folder."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context={**context, **settings}, outdir=str(folder))
    stack(app, name, Settings.from_context(app.node))
    app.synth()
    return folder
