"""Write messages of the change feed to the SQL mirror."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog import key_log
from s3_catalog.exceptions import BusyError, DatabaseAsleepError, UnreadableError
from s3_catalog.model.row import TOMBSTONE_LIFE
from s3_catalog.model.timestamps import CLOCKS
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database
from s3_catalog.sql_mirror.state import State, parse
from s3_catalog.sql_mirror.upsert import upsert

STATEMENT_ERRORS = ("BadRequestException", "DatabaseErrorException")
"""The Data API's error codes for a rejected statement, for which a single row may be the cause.

Other errors have other causes: all rows of the batch are retried later."""

MAX_DELETED = 10_000
"""Tombstones that are deleted at a time, at most."""


@dataclass
class MirrorWriter:
    """The writer of the mirror in `database`, of all buckets.

    `own` is the name of the catalog's bucket of its own, if it has one, and `password` returns the
    password of the schema's `READER`: both are for migrations only.
    """

    database: Database
    own: str | None
    password: Callable[[], str]
    _ready: bool = False

    def prepare(self, wait: Callable[[], None]) -> None:
        """Create or migrate the tables, and delete expired tombstones. Idempotent.

        `wait` is called while the database resumes; it may raise DatabaseAsleepError. Raises
        BusyError, and botocore's ClientError or BotoCoreError.
        """
        database = replace(self.database, wait=wait)
        schema.migrate(database, self.own, self.password)
        delete_expired_tombstones(database, datetime.now(UTC))
        self._ready = True

    def apply(self, bodies: Mapping[str, str], wait: Callable[[], None]) -> dict[str, str]:
        """Write the states in the messages `bodies` (by id); return the failed ids with reasons.

        Messages may be duplicates and out of order. A failed message may have been written all the
        same: retries are idempotent. `wait` is called while the database resumes; it may raise
        DatabaseAsleepError.
        """
        failures: dict[str, str] = {}
        states: dict[str, State] = {}
        for name, body in bodies.items():
            try:
                states[name] = parse(body)
            except UnreadableError as error:
                failures[name] = str(error)
        try:
            if not self._ready:
                self.prepare(wait)
            failures |= _write(replace(self.database, wait=wait), list(states.items()))
        except (ClientError, BotoCoreError, BusyError, DatabaseAsleepError) as error:
            failures |= dict.fromkeys(states, str(error))
        for name, state in states.items():
            if name in failures:
                key_log.log_failure(state.bucket, state.key, state.sequencer, failures[name])
            elif key_log.ENABLED:
                key_log.log(
                    key_log.MIRRORED,
                    state.bucket,
                    state.key,
                    message_id=name,
                    sequencer=state.sequencer,
                )
        return failures


def delete_expired_tombstones(database: Database, now: datetime) -> None:
    """Delete the rows of keys that were deleted more than `TOMBSTONE_LIFE` before `now`.

    By then no message about them can be in flight; DynamoDB's TTL does the same in the catalog. It
    runs at each start of the function: a schedule would resume a paused database.

    Those deleted in the future are of forged events, and are deleted at once. A heal that leaves
    the key deleted sends no message, so one with an implausible sequencer would hide all later
    states once the row in the catalog, and the mark of the heal with it, has expired.
    """
    before, after = (now - TOMBSTONE_LIFE).astimezone(UTC), (now + CLOCKS).astimezone(UTC)
    database.execute(
        "DELETE FROM states WHERE size IS NULL AND (changed_at < :before OR changed_at > :after)"
        " ORDER BY changed_at LIMIT :max_deleted",
        {
            "before": f"{before:%Y-%m-%d %H:%M:%S}",
            "after": f"{after:%Y-%m-%d %H:%M:%S}",
            "max_deleted": MAX_DELETED,
        },
    )


def _write(database: Database, states: Sequence[tuple[str, State]]) -> dict[str, str]:
    """Write `states`; return the ids of those that the database rejects, with reasons.

    A statement is rejected as a whole: bisection finds the states that cause it.
    """
    if not states:
        return {}
    try:
        upsert(database, [state for _, state in states])
    except ClientError as error:
        if error.response["Error"]["Code"] not in STATEMENT_ERRORS:
            raise
        if len(states) == 1:
            return {states[0][0]: str(error)}
        middle = len(states) // 2
        return {**_write(database, states[:middle]), **_write(database, states[middle:])}
    return {}
