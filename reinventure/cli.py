"""The `reinventure` command."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from reinventure import cdk, deployed, output
from reinventure.errors import UserError
from reinventure.laptop import cloud as clouds
from reinventure.laptop import demo as demonstration
from reinventure.laptop.deployment import STACK, enter, start_and_deploy
from reinventure.laptop.lock import locked
from reinventure.steps import Steps

EXIT_ERROR = 2
"""Exit code for what the user can mend: no such stack, wrong credentials, no connection."""

LOCAL = cdk.ROOT / ".local"
"""Where the laptop cloud keeps its files."""

app = typer.Typer(
    help="""An encrypted, always-correct, live catalog of an S3 bucket.

    Commands that read talk to whatever AWS the environment points at: an account (AWS_PROFILE,
    AWS_REGION, ...) or the laptop cloud (`source .local/env` after `make up`).

    Exit codes: 0 done, 1 bucket and catalog differ, 2 an error that is said on stderr.""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """Run the command line; say what went wrong in one line, never in a traceback."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # Keys are Unicode, whatever the locale is.
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except (ClientError, BotoCoreError) as error:
        _fail(deployed.explain(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _session(profile: str | None = None, region: str | None = None) -> boto3.Session:
    # The AWS CLI and the CDK know AWS_REGION; boto3 only AWS_DEFAULT_REGION.
    return boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))


def _fail(message: str) -> None:
    print(f"reinventure: {message}", file=sys.stderr)
    raise SystemExit(EXIT_ERROR)


Prefix = Annotated[str, typer.Argument(help="Only keys that begin with this.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Stack = Annotated[str, typer.Option(help="The CloudFormation stack of the catalog.")]
Profile = Annotated[str | None, typer.Option(help="A profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option(help="An AWS region, such as eu-west-1.")]


@app.command()
def ls(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the catalog in key order: time of the last change, size in bytes, key.

    Reads DynamoDB, not S3, and prints while it reads. Characters that would move the cursor are
    spelled out; --json gives every key exactly, with ETag, version and sequencer.
    """
    catalog = deployed.find(_session(profile, region), stack)
    show = output.as_json if json else output.as_line
    for row in catalog.rows(prefix):
        print(show(row))


@app.command()
def up() -> None:
    """Start the laptop cloud, deploy the catalog to it, and leave it running.

    It listens on a free port of 127.0.0.1 and keeps everything in memory: what is in it is lost
    when it stops.
    """
    profile = os.environ.get("AWS_PROFILE")
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        cloud = clouds.find(LOCAL)
        if cloud:
            print(f"The laptop cloud is up already, at {cloud.endpoint}.")
        else:
            with Steps() as steps:
                cloud = start_and_deploy(LOCAL, steps)
            print(f"The laptop cloud is up, at {cloud.endpoint}.")
        catalog = enter(cloud)
        env = clouds.write_environment_file(
            cloud, REINVENTURE_BUCKET=catalog.bucket, REINVENTURE_TABLE=catalog.table
        )
    print(
        f"""
Point this shell at it:   source {shlex.quote(os.path.relpath(env))}
Change the bucket:        aws s3 cp README.md s3://$REINVENTURE_BUCKET/
Read the catalog:         .venv/bin/reinventure ls
Watch it work:            tail -f {shlex.quote(os.path.relpath(cloud.log))}
Stop it, and lose all:    make down"""
    )
    if profile:
        print(f"\nAWS_PROFILE={profile} is set here, and some clients prefer it: unset AWS_PROFILE")


@app.command()
def down() -> None:
    """Stop the laptop cloud, in whatever state it is. Its buckets and tables are gone."""
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        print("The laptop cloud is down." if clouds.stop(LOCAL) else "No laptop cloud was up.")


@app.command()
def demo(
    files: Annotated[
        Path, typer.Option(help="The folder to upload.", exists=True, file_okay=False)
    ] = cdk.ROOT / "samples",
) -> None:
    """Show it all once: deploy to a laptop cloud of its own, change a bucket, prove the catalog.

    Uploads a folder, overwrites some objects, deletes some, waits until the catalog has settled,
    and compares every row with the bucket's own listing. Stops what it started.
    """
    directory = LOCAL / "demo"
    with locked(directory, "another `make demo` is running"):
        equal = demonstration.run(files, directory)
    raise typer.Exit(0 if equal else 1)


@app.command()
def deploy() -> None:
    """Deploy the Catalog stack to the account and region of the current AWS profile.

    Bootstraps the account for CDK first, if nobody has. CDK shows what permissions change and
    asks before it goes on.
    """
    account, region = _account()
    print(f"Deploying stack {STACK} to account {account}, region {region}.", flush=True)
    if not cdk.bootstrapped(_session()):
        cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
    cdk.run("deploy", STACK, environment=os.environ)


@app.command()
def destroy() -> None:
    """Remove the Catalog stack from the account and region of the current AWS profile.

    CDK asks first. With stage=sandbox everything goes, objects too; with stage=production the
    stack is protected, and bucket, table and keys would stay.
    """
    account, region = _account()
    print(f"Removing stack {STACK} from account {account}, region {region}.", flush=True)
    cdk.run("destroy", STACK, environment=os.environ)


def _account() -> tuple[str, str]:
    if "AWS_ENDPOINT_URL" in os.environ:
        raise UserError(
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}: this shell points at a laptop "
            "cloud, where `make up` has deployed already. Use a new shell for an account."
        )
    session = _session()
    identity = session.client("sts", config=deployed.CONFIG).get_caller_identity()
    return identity["Account"], str(session.region_name)
