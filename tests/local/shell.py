"""Commands of a page, run as they are shown."""

import os
import subprocess
import sys
from pathlib import Path

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.pages import ROOT


def run_in_shell(
    commands: str, cloud: Cloud, catalog: DeployedCatalog, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run `commands` in `folder`, in a shell that stops at the first one that fails.

    Its variables are those after `source .local/env` and `source .venv/bin/activate`. Output and
    errors are one text, as on a terminal.
    """
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        **cloud.environment,
        "REINVENTURE_BUCKET": catalog.bucket,
        "REINVENTURE_TABLE": catalog.table,
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", "-e", "-c", commands],  # noqa: S607 (whichever a reader has)
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
