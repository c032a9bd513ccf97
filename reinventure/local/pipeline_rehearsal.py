"""The rehearsal of the pipeline on this machine: `make pipeline`.

It runs the pipeline's own stages and commands. `make ship` needs an account: the rehearsal deploys
to the local cloud instead, and creates a stack where the emulator lacks a service.
"""

import os
import subprocess
import sys
import time

import boto3

from reinventure import cdk_cli as cdk
from reinventure.aws.smoke_test import smoke
from reinventure.contract import product_stack
from reinventure.errors import UserError
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local.cloud import LOCAL
from reinventure.local.deployment import enter, start_and_deploy
from reinventure.local.lock import locked
from reinventure.local.product_launch import launch
from reinventure.progress import Steps
from stacks.delivery.stages import SHIP, STAGES

_DIRECTORY = LOCAL / "pipeline"
_PRODUCT = product_stack("000000000000", "rehearsal")
_PATIENCE = 60


def main() -> None:
    """Run all stages, print the seconds of each command, and stop the local cloud.

    Raises UserError when a command fails; the later stages do not run, as in an account.
    """
    background.end_with_this_process()
    with locked(_DIRECTORY, "another `make pipeline` is running"):
        try:
            for stage in STAGES:
                for command in stage.commands:
                    print(f"\n=== {stage.name}: {command}", flush=True)
                    start = time.monotonic()
                    _run(command)
                    print(f"=== {stage.name}: done in {time.monotonic() - start:.0f} s", flush=True)
        finally:
            clouds.stop(_DIRECTORY)
    print("\nAll stages passed.")


def _run(command: str) -> None:
    if command.startswith(SHIP):
        _SHIPPED[command]()
        return
    status = subprocess.run(command.split(), cwd=cdk.ROOT, check=False).returncode
    if status:
        raise UserError(f"`{command}` failed with exit code {status}; the pipeline stops here")


def _ship_delivery() -> None:
    print("No pipeline to update: that takes an account.")


def _ship_catalog() -> None:
    with Steps() as steps:
        cloud = start_and_deploy(_DIRECTORY, steps)
    # The commands from here on use this cloud.
    enter(cloud)


def _ship_portfolio() -> None:
    """Launch the product of the local assembly as a stack: there is no Service Catalog."""
    cloud = clouds.find(_DIRECTORY)
    if not cloud:
        raise UserError(f"the local cloud of the rehearsal in {_DIRECTORY} has ended")
    [template] = _DIRECTORY.glob("cdk.out-*/*.product.template.json")
    result = smoke(launch(boto3.Session(), template, _PRODUCT), _PATIENCE)
    print(f"Launched the product: a row of its own catalog came in {result.row_seconds:.2f} s.")


_SHIPPED = {
    f"{SHIP} STACKS=Delivery": _ship_delivery,
    SHIP: _ship_catalog,
    f"{SHIP} STACKS=Portfolio": _ship_portfolio,
}

if __name__ == "__main__":
    os.chdir(cdk.ROOT)
    try:
        main()
    except UserError as error:
        sys.exit(f"make pipeline: {error}")
