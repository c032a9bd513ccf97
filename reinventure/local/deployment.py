"""Deploying the real templates to the local cloud, with the real CDK CLI."""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import CATALOG, DATA_API_PARAMETER, SQL
from reinventure.local import cloud as clouds
from reinventure.local import database
from reinventure.local.cloud import Cloud
from reinventure.progress import Steps

_ACCOUNT = "000000000000"
_ASSEMBLY = "cdk.out-"
_LOCAL = ("local=true", "totals_window=1", "log_level=debug")
"""Settings that differ from those in cdk.json: here totals and logs cost nothing, nobody waits."""
_QUIET = ("--no-notices", "--no-version-reporting")


def start_and_deploy(directory: Path, steps: Steps, settings: Sequence[str] = ()) -> Cloud:
    """Start a cloud in `directory`, deploy the stacks to it that `settings` ask for, and return it.

    `settings` are like `transport=sqs`. Reports to `steps`. The templates are synthesised while the
    cloud starts. Raises UserError when a step fails; the cloud is then stopped, and the logs of the
    steps stay in `directory`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    assembly = _new_assembly(directory)
    with ThreadPoolExecutor(1) as pool:
        synthesis = pool.submit(_synthesise, directory, assembly, settings)
        steps.begin("Starting the local cloud")
        cloud = clouds.start(directory)
        try:
            steps.begin("Bootstrapping it for CDK")
            cdk.run_quietly(
                *("bootstrap", f"aws://{_ACCOUNT}/{clouds.REGION}", *_QUIET),
                environment={**_without_aws(), **cloud.environment},
                log=directory / "bootstrap.log",
                # Away from cdk.json: bootstrapping needs no app, and would run it.
                directory=directory,
            )
            steps.begin("Synthesising the templates")
            synthesis.result()
            stacks = cdk.stacks(assembly)
            parameters = []
            if SQL in stacks:
                steps.begin("Starting the database")
                parameters = ["--parameters", f"{SQL}:{DATA_API_PARAMETER}={database.start(cloud)}"]
            _deploy(cloud, assembly, steps, parameters)
            if SQL in stacks:
                database.create_owner(cloud)
                steps.begin("Creating the tables of the SQL mirror")
                database.create_tables(cloud)
            clouds.write_settings(cloud, settings)
        except BaseException:
            clouds.stop(directory)
            raise
    return cloud


def deploy_again(cloud: Cloud, steps: Steps, settings: Sequence[str]) -> None:
    """Deploy the stacks to the running `cloud` with other `settings`; its data stay.

    They become the settings of the cloud once all stacks are deployed. Reports to `steps`. Raises
    UserError when a step fails: the settings are those of before then.
    """
    assembly = _new_assembly(cloud.directory)
    steps.begin("Synthesising the templates")
    _synthesise(cloud.directory, assembly, settings)
    _deploy(cloud, assembly, steps)
    clouds.write_settings(cloud, settings)


def _new_assembly(directory: Path) -> Path:
    for left in directory.glob(f"{_ASSEMBLY}*"):
        shutil.rmtree(left, ignore_errors=True)
    # A new one each time: a synthesis that a killed run left behind may still hold the old one.
    return Path(mkdtemp(prefix=_ASSEMBLY, dir=directory))


def _synthesise(directory: Path, assembly: Path, settings: Sequence[str]) -> None:
    cdk.run_quietly(
        *("synth", "--quiet", "--output", str(assembly), *_QUIET),
        *chain.from_iterable(("-c", setting) for setting in (*_LOCAL, *settings)),
        # `make synth` and the tests validate the templates; here it would only take time.
        environment={**_without_aws(), "CDK_VALIDATION": "false"},
        log=directory / "synth.log",
    )


def _deploy(cloud: Cloud, assembly: Path, steps: Steps, parameters: Sequence[str] = ()) -> None:
    stacks = cdk.stacks(assembly)
    steps.begin(f"Deploying {' and '.join(stacks)}")
    cdk.run_quietly(
        *("deploy", *stacks, *parameters, "--app", str(assembly)),
        *("--require-approval", "never", *_QUIET),
        environment={**_without_aws(), **cloud.environment},
        log=cloud.directory / "deploy.log",
    )


def enter(cloud: Cloud) -> DeployedCatalog:
    """Point this process at `cloud`, for good, and return the catalog deployed there.

    boto3 takes endpoint and certificate from the environment of the process, as every client does.
    """
    import boto3  # noqa: PLC0415 (the help needs none)

    os.environ.pop("AWS_PROFILE", None)
    # An endpoint of one service would win over that of the cloud.
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]:
        del os.environ[name]
    os.environ.update(cloud.environment)
    return deployed.find(boto3.Session(), CATALOG)


def _without_aws() -> dict[str, str]:
    """Return the environment of this process without the account that it may point at."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
