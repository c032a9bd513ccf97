"""Cloud assemblies for the tests, each synthesised once per run of pytest.

Workers of pytest-xdist share them through a folder; a file lock makes the others wait for the
worker that synthesises.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import aws_cdk as cdk
import pytest

from stacks.catalog.stack import CatalogStack
from stacks.delivery.stack import DeliveryStack
from stacks.governance.conformance_pack import ConformancePackStack
from stacks.governance.stack import GovernanceStack
from stacks.inspection.stack import InspectionStack
from stacks.portfolio.stack import PortfolioStack
from stacks.settings.settings import Settings
from stacks.sql.stack import SqlStack
from tests import assembly
from tests.assembly import ROOT

CONTEXT: dict[str, object] = json.loads((ROOT / "cdk.json").read_text())["context"]
DEFAULTS = {name: str(value).lower() for name, value in CONTEXT.items()}
"""The context of cdk.json, as the command line would have it."""


class Assemblies:
    """Cloud assemblies below `folder`, by what wrote them and with which settings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def catalog(self, **settings: str) -> Path:
        """Return the assembly with Catalog, and Workers and Sql as far as they are set."""
        return self._once("catalog", settings, _writer(_catalog, "Catalog"))

    def governance(self, **settings: str) -> Path:
        """Return the assembly with Catalog, Governance and ConformancePack."""
        return self._once("governance", settings, _writer(_governance, "Catalog"))

    def delivery(self, **settings: str) -> Path:
        """Return the assembly with Delivery."""
        return self._once("delivery", settings, _writer(DeliveryStack, "Delivery"))

    def portfolio(self, **settings: str) -> Path:
        """Return the assembly with Portfolio and its product."""
        return self._once("portfolio", settings, _writer(PortfolioStack, "Portfolio"))

    def app(self, **settings: str) -> Path:
        """Return what app.py writes, without validation."""
        return self._once("app", settings, lambda folder, s: _run_app(folder, s, validate=False))

    def everything(self, *, validate: bool = True, **changed: str) -> Path:
        """Return what `make synth` writes, by default with validation, for a catalog that has all.

        The CDK CLI asks for the path of each construct in the templates. `changed` has settings
        that differ.
        """
        [optional] = re.findall(
            r"^OPTIONAL := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
        )
        settings = {
            "transport": "sqs",
            "reconcile": "nightly",
            "kinesis": "true",
            "tracing": "true",
            "dashboard": "true",
            "buckets": "create,logs-prod/2026/,photos-prod",
            "aws:cdk:enable-path-metadata": "true",
            **dict(setting.split("=", 1) for setting in optional.split()),
            **changed,
        }
        return self._once("all", settings, lambda folder, s: _run_app(folder, s, validate=validate))

    def _once(
        self,
        name: str,
        settings: Mapping[str, str],
        write: Callable[[Path, Mapping[str, str]], object],
    ) -> Path:
        changed = {name: each for name, each in settings.items() if each != DEFAULTS.get(name)}
        digest = sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]
        folder = self._folder / f"{name}-{digest}"
        if folder.exists():
            return folder
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = folder.with_suffix(".unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                write(unfinished, settings)
                unfinished.rename(folder)
        return folder


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run of pytest share."""
    base = factory.getbasetemp()
    # The base of a worker is a folder of its own in the base of the run.
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "assemblies"


def _writer(
    stack: Callable[[cdk.App, str, Settings], cdk.Stack], name: str
) -> Callable[[Path, Mapping[str, str]], object]:
    return lambda folder, settings: assembly.write(stack, name, folder, **settings)


def _catalog(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
    stack = CatalogStack(app, name, settings)
    if settings.workers:
        InspectionStack(app, "Workers", settings, stack.catalog)
    if settings.sql:
        SqlStack(app, "Sql", settings, stack.catalog)
    return stack


def _governance(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
    stack = CatalogStack(app, name, settings)
    catalog = stack.catalog
    GovernanceStack(app, "Governance", settings, keys=catalog.keys, buckets=catalog.buckets)
    ConformancePackStack(app, "ConformancePack", region=None)
    return stack


def _run_app(folder: Path, settings: Mapping[str, str], *, validate: bool) -> None:
    """Run app.py as the CDK CLI does."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({**CONTEXT, **settings}),
        "CDK_VALIDATION": "true" if validate else "false",
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
