"""Telling the mirror what the catalog knows already: what changed before there was a mirror."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from uuid import uuid4

from botocore.config import Config

from reinventure.aws.deployed_catalog import CONFIG, DeployedCatalog
from reinventure.aws.deployed_mirror import DeployedMirror
from reinventure.errors import UserError
from s3_catalog.feed.message import message
from s3_catalog.model.change import Change, Kind
from s3_catalog.model.row import Row
from s3_catalog.table.batch_write import chunks
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter

BATCH = 100
"""Rows an invocation, as the queue gives them."""

CALLERS = 4
"""Invocations at once."""

_PATIENT = CONFIG.merge(Config(read_timeout=150))
"""The function may take two minutes, while the database wakes up."""


def backfill(catalog: DeployedCatalog, mirror: DeployedMirror, prefix: str) -> Iterator[int]:
    """Have the mirror written what the rows under `prefix` say, and yield how many, as it goes.

    Deleted keys too, as long as the catalog remembers them. Safe at any time: what the mirror knows
    better stays. Raises UserError when the function fails.
    """
    functions = mirror.session.client("lambda", config=_PATIENT)

    def write(rows: list[Row]) -> int:
        delivery = {"Records": [{"messageId": row.key, "body": _body(row)} for row in rows]}
        reply = functions.invoke(
            FunctionName=mirror.function, Payload=json.dumps(delivery).encode()
        )
        answer = json.loads(reply["Payload"].read())
        if "FunctionError" in reply:
            raise UserError(f"the mirror's function failed: {answer.get('errorMessage')}")
        if answer["batchItemFailures"]:
            raise UserError(
                f"{len(answer['batchItemFailures'])} rows could not be mirrored: "
                f"{answer['errors'][0]}. Run it again: what was written stays."
            )
        return len(rows)

    rows = chain(catalog.rows(prefix), catalog.found(Filter(deleted=True), Reading(), prefix))
    with ThreadPoolExecutor(CALLERS) as pool:
        for batches in chunks(chunks(rows, BATCH), CALLERS):
            yield from pool.map(write, batches)


def _body(row: Row) -> str:
    kind = Kind.DELETED if row.deleted else Kind.CREATED
    # It was in no stream.
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
