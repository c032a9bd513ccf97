"""Commands for the local cloud."""

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from reinventure import cdk_cli as cdk
from reinventure.cli.console import require_extra, shown
from reinventure.cli.options import Settings
from reinventure.errors import EXIT_CHECK_FAILED, UserError
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import database
from reinventure.local import demo as demonstration
from reinventure.local import worker_process as worker
from reinventure.local.cloud import LOCAL
from reinventure.local.deployment import enter, start_and_deploy
from reinventure.local.lock import locked
from reinventure.progress import Steps


def up(
    settings: Settings = None,
    workers: Annotated[
        bool, typer.Option("--workers", help="With content inspection, by a function and a worker.")
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="With a mirror of the catalog in a SQL database.")
    ] = False,
) -> None:
    """Start the local cloud, deploy the catalog to it, and leave it running.

    It listens on a free port of 127.0.0.1. All data are in memory, and lost when it stops.

    For example:

        reinventure up
        reinventure up --workers --sql --set transport=sqs
    """
    cdk.require_checkout()
    profile = os.environ.get("AWS_PROFILE")
    with locked(LOCAL, "another `make up` or `make down` is running"):
        cloud = clouds.find(LOCAL)
        catalog = None
        if cloud:
            # A killed run leaves a cloud without the stack: start it again.
            with suppress(UserError):
                catalog = enter(cloud)
                print(f"The local cloud is up already, at {cloud.endpoint}.")
        if catalog:
            again = "Run `make down`, which deletes its data, and then"
            if settings:
                raise UserError(
                    f"a running local cloud keeps its settings. {again} `make up SET=...`"
                )
            if workers and not background.running(LOCAL, worker.NAME):
                raise UserError(f"the local cloud has no worker. {again} `make up WORKERS=1`")
            if sql and not background.running(LOCAL, database.NAME):
                raise UserError(f"the local cloud has no database. {again} `make up SQL=1`")
        if not cloud or not catalog:
            with Steps() as steps:
                optional = {"workers": workers, "sql": sql}
                chosen = [f"{name}=true" for name, wanted in optional.items() if wanted]
                cloud = start_and_deploy(LOCAL, steps, [*(settings or []), *chosen])
            catalog = enter(cloud)
            if workers:
                worker.start(cloud)
            print(f"The local cloud is up, at {cloud.endpoint}.")
        env = clouds.write_environment_file(
            cloud,
            REINVENTURE_BUCKET=catalog.outputs.bucket_name or "",
            REINVENTURE_TABLE=catalog.table,
        )
    mirror = '\nQuery its SQL mirror:     .venv/bin/reinventure sql "SELECT * FROM objects"'
    mirror = mirror if background.running(LOCAL, database.NAME) else ""
    print(
        f"""
Point this shell at it:   source {shlex.quote(os.path.relpath(env))}
Change the bucket:        aws s3 cp README.md s3://$REINVENTURE_BUCKET/
Read the catalog:         .venv/bin/reinventure ls{mirror}
Watch it work:            tail -f {shlex.quote(os.path.relpath(cloud.log))}
Stop it, delete all data: make down"""
    )
    if profile:
        print(f"\nAWS_PROFILE={profile} is set, and some clients prefer it: unset AWS_PROFILE")


def down() -> None:
    """Stop the local cloud, in any state. Its buckets and tables are deleted.

    For example:

        reinventure down
    """
    cdk.require_checkout()
    with locked(LOCAL, "another `make up` or `make down` is running"):
        print("The local cloud is down." if clouds.stop(LOCAL) else "No local cloud was up.")


def demo(
    files: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder to upload.",
            exists=True,
            file_okay=False,
            show_default="samples",
        ),
    ] = None,
    settings: Settings = None,
    *,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Show it in the console meanwhile, and stay until Ctrl-C."),
    ] = False,
) -> None:
    """Demonstrate the catalog: deploy it to a local cloud, change a bucket, compare the two.

    Uploads a folder, overwrites some objects, deletes some, waits until all events are catalogued,
    and compares every row with the bucket's own listing. Uses a local cloud of its own, and stops
    it. Exits with 1 if bucket and catalog differ. With --open, the console (`reinventure console
    --help`) shows the changes as they happen, and it stays open.

    For example:

        reinventure demo
        reinventure demo --open
        reinventure demo --set transport=eventbridge
    """
    cdk.require_checkout()
    if open_:
        require_extra()
    directory = LOCAL / "demo"
    with locked(directory, "another `make demo` is running"):
        equal = demonstration.run(
            files or cdk.ROOT / "samples",
            directory,
            settings or [],
            shown if open_ else demonstration.unseen,
        )
    if not open_:
        print("See it at work in the browser: make demo OPEN=1")
    raise typer.Exit(0 if equal else EXIT_CHECK_FAILED)
