"""Filling the SQL mirror with the rows that the catalog had before the mirror was deployed."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from uuid import uuid4

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.deployed_mirror import DeployedMirror
from reinventure.aws.mirror_invocation import create_tables, slow_config, write
from s3_catalog.feed.message import message
from s3_catalog.model.change import Change, Kind
from s3_catalog.model.row import Row
from s3_catalog.table.batch_write import chunks
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter

BATCH = 100
"""Rows of an invocation, as in a delivery from the queue."""

CALLERS = 4
"""Concurrent invocations."""


def backfill(catalog: DeployedCatalog, mirror: DeployedMirror, prefix: str) -> Iterator[int]:
    """Write the rows of the bucket of `catalog` under `prefix` to the mirror, tombstones included.

    Yields numbers of rows. Creates the tables first, also for an empty catalog.

    Idempotent, and safe while the bucket changes: newer states in the mirror stay. Raises UserError
    when the function fails, and botocore's ClientError or BotoCoreError.
    """
    functions = mirror.session.client("lambda", config=slow_config())
    # An empty catalog has no rows that would create them.
    create_tables(functions, mirror.outputs.mirror_arn)

    def write_batch(rows: list[Row]) -> int:
        write(
            functions,
            mirror.outputs.mirror_arn,
            [{"messageId": row.key, "body": _body(row)} for row in rows],
        )
        return len(rows)

    rows = chain(catalog.rows(prefix), catalog.found(Filter(deleted=True), Reading(), prefix))
    with ThreadPoolExecutor(CALLERS) as pool:
        for batches in chunks(chunks(rows, BATCH), CALLERS):
            yield from pool.map(write_batch, batches)


def _body(row: Row) -> str:
    kind = Kind.DELETED if row.deleted else Kind.CREATED
    # No stream record: the mirror does not use its number and time.
    change = Change(
        id=uuid4().hex,
        sequence_number="",
        written_at=0,
        bucket=row.bucket,
        key=row.key,
        old=None,
        new=row,
    )
    return json.dumps(message(change, kind))
