"""A local cloud with content inspection and, if MariaDB is there, the SQL mirror."""

import os
from pathlib import Path

from reinventure.local import mariadb
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps

INSPECT_MAX_MIB = 1
"""Objects of more MiB are inspected by the worker. One MiB keeps the tests' objects small."""


def start_with_optional_stacks(directory: Path) -> Cloud:
    """Start a cloud in `directory`, with a worker, and deploy all stacks that it can have."""
    settings = ["workers=true", f"inspect_max_mib={INSPECT_MAX_MIB}"]
    if mariadb.installed() or "CI" in os.environ:
        settings.append("sql=true")
    with Steps() as steps:
        cloud = start_and_deploy(directory, steps, settings)
    worker.start(cloud)
    return cloud
