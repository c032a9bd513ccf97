"""The demonstration: change a bucket, then prove that the catalog equals it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local.convergence import wait_until_equal
from reinventure.local.deployment import enter, start_and_deploy
from reinventure.printable import printable
from reinventure.progress import Steps
from s3_catalog.model import object_key
from s3_catalog.reconciliation.difference import differences

_UPLOADERS = 8
_PATIENCE = 15
"""Seconds without progress after which the catalog counts as wrong, not late."""

_SHOWN = 40
"""Rows in the table; a larger bucket is compared whole but shown in part."""

_MULTIPART = "made on the fly/in parts.csv"


Work = Callable[[], bool]
"""The demonstration itself; it returns whether bucket and catalog are equal."""


def unseen(_catalog: DeployedCatalog, work: Work) -> bool:
    """Do `work`, and nothing beside it."""
    return work()


def run(
    files: Path,
    directory: Path,
    settings: Sequence[str],
    shown: Callable[[DeployedCatalog, Work], bool] = unseen,
) -> bool:
    """Upload the folder `files` to a local cloud in `directory`, change things, and compare.

    `settings` of the stack are like `transport=sqs`. `shown` does the work on the deployed catalog
    and returns its result; the cloud is stopped after that.

    Returns whether bucket and catalog are equal in the end. Raises UserError when the folder
    cannot be uploaded or the cloud cannot be started.
    """
    uploads = _keys(files)
    background.end_with_this_process()
    try:
        with Steps() as steps:
            catalog = enter(start_and_deploy(directory, steps, settings)).own()
        return shown(catalog, partial(_demonstrate, catalog, uploads))
    finally:
        clouds.stop(directory)


def _demonstrate(catalog: DeployedCatalog, uploads: dict[str, Path]) -> bool:
    with Steps() as steps:
        changes = _change(catalog, uploads, steps)
        steps.begin("Waiting until the catalog has settled")
        wait_until_equal(catalog, _PATIENCE)
    return _prove(catalog, changes, Console())


def _keys(folder: Path) -> dict[str, Path]:
    """Return what to upload: every file below `folder`, by its path in it."""
    uploads = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            uploads[object_key.check(path.relative_to(folder).as_posix())] = path
        except ValueError as error:
            raise UserError(f"{str(path)!r} cannot be uploaded: {error}") from None
    if not uploads:
        raise UserError(f"{folder} holds no files to upload: choose another folder with --files")
    return uploads


def _change(catalog: DeployedCatalog, uploads: dict[str, Path], steps: Steps) -> str:
    """Upload everything, overwrite every fourth object and delete every fifth."""
    s3, bucket = catalog.s3, catalog.bucket

    def upload(key: str) -> None:
        s3.upload_file(str(uploads[key]), bucket, key)

    def overwrite(key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=f"This was {uploads[key].name}.".encode())

    def delete(key: str) -> None:
        s3.delete_object(Bucket=bucket, Key=key)

    keys = list(uploads)
    overwritten, deleted = keys[::4], keys[1::5]
    _each(steps, f"Uploading {_files(keys)}", upload, keys)
    steps.begin("Uploading 9 MiB in parts")
    with TemporaryDirectory() as scratch:
        large = Path(scratch) / "large.csv"
        large.write_bytes(b"one,line,of,many\n" * (9 * 2**20 // 17 + 1))
        s3.upload_file(str(large), bucket, _MULTIPART)
    _each(steps, f"Overwriting {_files(overwritten)}", overwrite, overwritten)
    _each(steps, f"Deleting {_files(deleted)}", delete, deleted)
    return (
        f"{len(keys) + 1} uploaded (one in parts), "
        f"{len(overwritten)} overwritten, {len(deleted)} deleted"
    )


def _files(keys: list[str]) -> str:
    return f"{len(keys)} file{'s' * (len(keys) != 1)}"


def _each(steps: Steps, step: str, do: Callable[[str], None], keys: list[str]) -> None:
    steps.begin(step, parts=len(keys))
    with ThreadPoolExecutor(_UPLOADERS) as pool:
        for _ in pool.map(do, keys):
            steps.advance()


def _prove(catalog: DeployedCatalog, changes: str, console: Console) -> bool:
    """Print the catalog beside the bucket's own listing; return whether they are equal."""
    listing, rows = list(catalog.stored().listing()), list(catalog.rows(consistent=True))
    objects = [stored for _, stored in listing if stored]
    wrong = {difference.key: difference for difference in differences(listing, rows)}

    table = Table(title=f"The catalog of {catalog.bucket}", title_justify="left")
    table.add_column("key", overflow="fold")
    table.add_column("bytes", justify="right")
    table.add_column("ETag", overflow="ellipsis", no_wrap=True, max_width=9)
    table.add_column("event", overflow="ellipsis", no_wrap=True, max_width=9)
    table.add_column("bucket", no_wrap=True)
    for row in rows[:_SHOWN]:
        table.add_row(
            Text(printable(row.key)),
            f"{row.size:,}",
            row.etag,
            row.event_name.removeprefix("ObjectCreated:"),
            wrong[row.key].kind.value if row.key in wrong else "same",
        )
    console.print(table)
    if len(rows) > _SHOWN:
        console.print(f"... and {len(rows) - _SHOWN:,} more, compared but not shown.")

    console.print(f"Done to the bucket: {changes}.")
    console.print(
        f"Bucket's own listing: {len(objects):,} objects, {sum(o.size for o in objects):,} bytes."
    )
    console.print(
        f"Catalog:              {len(rows):,} rows, {sum(row.size or 0 for row in rows):,} bytes."
    )
    for difference in wrong.values():
        console.print(Text(f"{difference.kind.value}: {printable(difference.key)}", style="red"))
    if wrong:
        console.print(f"Proof: FAILED. {len(wrong):,} keys differ.", style="bold red")
    else:
        console.print(
            "Proof: EQUAL. Every key, size and ETag in the catalog is the bucket's; "
            "none is missing, none is left over.",
            style="bold green",
        )
    return not wrong
