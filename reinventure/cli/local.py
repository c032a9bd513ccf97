"""Commands for the local cloud."""

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from reinventure import cdk_cli as cdk
from reinventure.errors import EXIT_CHECK_FAILED, UserError
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import database
from reinventure.local import demo as demonstration
from reinventure.local import worker_process as worker
from reinventure.local.deployment import enter, start_and_deploy
from reinventure.local.lock import locked
from reinventure.progress import Steps

LOCAL = cdk.ROOT / ".local"
"""Where the local cloud keeps its files."""

Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the stack: transport=sqs."),
]


def up(
    settings: Setting = None,
    workers: Annotated[
        bool, typer.Option("--workers", help="Also look inside objects, large ones by a worker.")
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Also mirror the catalog in a database that answers SQL.")
    ] = False,
) -> None:
    """Start the local cloud, deploy the catalog to it, and leave it running.

    It listens on a free port of 127.0.0.1 and keeps everything in memory: what is in it is lost
    when it stops.
    """
    cdk.require_checkout()
    profile = os.environ.get("AWS_PROFILE")
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        cloud = clouds.find(LOCAL)
        catalog = None
        if cloud:
            # A cloud without the stack was left by a run that was killed: it is started anew.
            with suppress(UserError):
                catalog = enter(cloud)
                print(f"The local cloud is up already, at {cloud.endpoint}.")
        if catalog:
            anew = "Run `make down`, which loses what is in it, then"
            if settings:
                raise UserError(f"it keeps the settings it has. {anew} `make up SET=...`.")
            if workers and not background.running(LOCAL, worker.NAME):
                raise UserError(f"it has no worker. {anew} `make up WORKERS=1`.")
            if sql and not background.running(LOCAL, database.NAME):
                raise UserError(f"it has no database. {anew} `make up SQL=1`.")
        if not cloud or not catalog:
            with Steps() as steps:
                optional = {"workers": workers, "sql": sql}
                chosen = [f"{name}=true" for name, wanted in optional.items() if wanted]
                cloud = start_and_deploy(LOCAL, steps, [*(settings or []), *chosen])
            catalog = enter(cloud)
            if workers:
                worker.start(cloud, catalog.session)
            print(f"The local cloud is up, at {cloud.endpoint}.")
        env = clouds.write_environment_file(
            cloud, REINVENTURE_BUCKET=catalog.bucket, REINVENTURE_TABLE=catalog.table
        )
    asking = '\nAsk its mirror:           .venv/bin/reinventure sql "SELECT * FROM objects"'
    asking = asking if background.running(LOCAL, database.NAME) else ""
    print(
        f"""
Point this shell at it:   source {shlex.quote(os.path.relpath(env))}
Change the bucket:        aws s3 cp README.md s3://$REINVENTURE_BUCKET/
Read the catalog:         .venv/bin/reinventure ls{asking}
Watch it work:            tail -f {shlex.quote(os.path.relpath(cloud.log))}
Stop it, and lose all:    make down"""
    )
    if profile:
        print(f"\nAWS_PROFILE={profile} is set here, and some clients prefer it: unset AWS_PROFILE")


def down() -> None:
    """Stop the local cloud, in whatever state it is. Its buckets and tables are gone."""
    cdk.require_checkout()
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        print("The local cloud is down." if clouds.stop(LOCAL) else "No local cloud was up.")


def demo(
    files: Annotated[
        Path, typer.Option(help="The folder to upload.", exists=True, file_okay=False)
    ] = cdk.ROOT / "samples",
    settings: Setting = None,
) -> None:
    """Show it all once: deploy to a local cloud of its own, change a bucket, prove the catalog.

    Uploads a folder, overwrites some objects, deletes some, waits until the catalog has settled,
    and compares every row with the bucket's own listing. Stops what it started.
    """
    cdk.require_checkout()
    directory = LOCAL / "demo"
    with locked(directory, "another `make demo` is running"):
        equal = demonstration.run(files, directory, settings or [])
    raise typer.Exit(0 if equal else EXIT_CHECK_FAILED)
