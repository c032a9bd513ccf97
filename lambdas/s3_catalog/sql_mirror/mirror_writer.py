"""Applying messages of the change feed to the mirror."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.errors import BusyError, DatabaseAsleepError, UnreadableError
from s3_catalog.model.row import TOMBSTONE_LIFE
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database
from s3_catalog.sql_mirror.state import State, parse
from s3_catalog.sql_mirror.upsert import upsert

REFUSALS = ("BadRequestException", "DatabaseErrorException")
"""What the service says when the database does not take a statement, perhaps for one of its rows.

Anything else is no fault of the rows: they are all tried again later."""

FORGOTTEN = 10_000
"""Deletions that are forgotten at a time, at most."""


@dataclass
class Mirror:
    """The mirror of `bucket` in `database`, whose reader's `password` can be asked for."""

    database: Database
    bucket: str
    password: Callable[[], str]
    _ready: bool = False

    def apply(self, bodies: Mapping[str, str], wait: Callable[[], None]) -> dict[str, str]:
        """Write what the messages of these `bodies` tell; return why some were not, by their names.

        The messages may come in any order, and again. Those that are returned may have been
        written all the same. While the database wakes up, `wait` is called; it may raise
        DatabaseAsleepError.
        """
        failures: dict[str, str] = {}
        states: dict[str, State] = {}
        for name, body in bodies.items():
            try:
                states[name] = parse(body, self.bucket)
            except UnreadableError as error:
                failures[name] = str(error)
        database = replace(self.database, wait=wait)
        try:
            if not self._ready:
                schema.prepare(database, self.password)
                forget(database, datetime.now(UTC))
                self._ready = True
            failures |= _write(database, list(states.items()))
        except (ClientError, BotoCoreError, BusyError, DatabaseAsleepError) as error:
            failures |= dict.fromkeys(states, str(error))
        return failures


def forget(database: Database, now: datetime) -> None:
    """Forget keys that were deleted so long before `now` that no message of them can be left.

    The catalog does so too. Whoever starts does it: a schedule would wake a database that sleeps.
    """
    before = (now - TOMBSTONE_LIFE).astimezone(UTC)
    database.execute(
        "DELETE FROM states WHERE size IS NULL AND changed_at < :before"
        " ORDER BY changed_at LIMIT :most",
        {"before": f"{before:%Y-%m-%d %H:%M:%S}", "most": FORGOTTEN},
    )


def _write(database: Database, states: Sequence[tuple[str, State]]) -> dict[str, str]:
    """Write `states`; return which the database refused, and why.

    A statement is refused as a whole: it is halved until those are found that are to blame.
    """
    if not states:
        return {}
    try:
        upsert(database, [state for _, state in states])
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        if len(states) == 1:
            return {states[0][0]: str(error)}
        middle = len(states) // 2
        return {**_write(database, states[:middle]), **_write(database, states[middle:])}
    return {}
