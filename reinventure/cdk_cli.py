"""The CDK CLI of this checkout, which the Makefile installs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reinventure.contract import CATALOG_STACKS
from reinventure.errors import UserError, ending

if TYPE_CHECKING:
    import boto3

ROOT = Path(__file__).parent.parent
"""The checkout: the folder of `cdk.json` and `app.py`."""

_EXTRAS = ("aws_cdk", "ministack", "pymysql", "trustme")
"""Modules of the extras cdk, local and sql of the package, which its other commands do without."""

_SETTING_MISTAKE = re.compile("^reinventure: (setting .*)$", re.MULTILINE)
"""The line of app.py about an unknown or invalid setting."""

_NODE = "node"
_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"


def require_checkout() -> None:
    """Raise UserError unless this is a checkout, with what deployments and the local cloud need."""
    if not (ROOT / "app.py").exists():
        raise UserError(
            "this command needs a checkout of reinventure: clone the repository, run `make setup` "
            "there, and use its .venv/bin/reinventure"
        )
    if missing := [module for module in _EXTRAS if find_spec(module) is None]:
        raise UserError(
            f"this command needs {', '.join(missing)}: run `make setup`, or "
            "`pip install -e '.[cdk,local,sql]'` in the checkout"
        )


def run(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run `cdk` with `arguments` in the checkout, on the terminal.

    Raises UserError when it fails; its output has the reason.
    """
    command = _command(arguments)
    with _explained():
        status = subprocess.run(
            command, env=_with_tools(environment), cwd=ROOT, check=False
        ).returncode
    if status:
        raise UserError(f"`cdk {arguments[0]}` failed with exit code {status}: see above")


def run_quietly(
    *arguments: str, environment: Mapping[str, str], log: Path, directory: Path = ROOT
) -> None:
    """Run `cdk` with `arguments` in `directory`; its output goes to `log`.

    Raises UserError when it fails: with the mistake in a setting, or with the end of the log.
    """
    with log.open("wb") as output, _explained():
        status = subprocess.run(
            _command(arguments),
            env=_with_tools(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status:
        end = ending(log)
        if mistake := _SETTING_MISTAKE.search(end):
            raise UserError(mistake[1])
        raise UserError(f"`cdk {arguments[0]}` failed. The end of {log}:\n{end}")


def stacks(assembly: Path) -> list[str]:
    """Return the stacks of a catalog that are in the folder `assembly`, written by `cdk synth`."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    return [name for name in CATALOG_STACKS if name in artifacts]


def bootstrapped(session: "boto3.Session") -> bool:
    """Whether the account and region of `session` are bootstrapped for the CDK.

    They then have a parameter of the CDK. A second bootstrap would overwrite changes of others.
    Raises botocore's ClientError or BotoCoreError.
    """
    parameters = session.client("ssm")
    try:
        parameters.get_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    except parameters.exceptions.ParameterNotFound:
        return False
    return True


def _command(arguments: tuple[str, ...]) -> list[str]:
    require_checkout()
    if not _CLI.exists():
        raise UserError(f"the CDK CLI is not installed in {ROOT}. Run `make setup` there")
    return [_NODE, str(_CLI), *arguments]


@contextmanager
def _explained() -> Iterator[None]:
    """Raise UserError when there is no Node.js to run the CDK CLI with."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename != _NODE:
            raise
        raise UserError(
            f"the CDK CLI needs Node.js (`{_NODE}`), which is missing. Run `make setup` in {ROOT}"
        ) from None


def _with_tools(environment: Mapping[str, str]) -> dict[str, str]:
    # The virtual environment has node (for the CLI and for jsii) and the python3 that runs the
    # app. It need not be activated.
    tools = Path(sys.executable).parent
    return {**environment, "PATH": f"{tools}{os.pathsep}{environment.get('PATH', os.defpath)}"}
