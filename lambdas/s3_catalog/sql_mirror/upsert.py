"""The write rule of the mirror, as one SQL statement for a batch of states.

For each key of a bucket, the state with the greatest `place` wins, in any order, with duplicates,
and in any batches. Of two with the same place the deletion wins: the row of the catalog itself was
deleted, by hand for example. The rule is in the statement itself: writers need neither a lock nor a
read before it. A deleted key keeps its row as a tombstone; without it, a delayed message would
restore the key.
"""

from collections.abc import Sequence

from s3_catalog.sql_mirror.data_api import Database, Value
from s3_catalog.sql_mirror.state import State

COLUMNS = ("size", "etag", "version_id", "changed_at", "event")
"""The columns of a state, besides `bucket`, `key_bytes` and `place`."""

_WINS = "VALUES(place) > place OR (VALUES(place) = place AND VALUES(size) IS NULL)"


def upsert(database: Database, states: Sequence[State]) -> None:
    """Write each of `states` unless its row has the same or a later one.

    `states` is not empty. All are written, or none. Idempotent. Raises botocore's ClientError or
    BotoCoreError.
    """
    # As in the primary key: concurrent writers lock rows in the same order, without deadlocks.
    ordered = sorted(states, key=lambda state: (state.bucket, state.key.encode()))
    parameters: dict[str, Value] = {}
    for n, state in enumerate(ordered):
        parameters[f"key{n}"] = state.key.encode()
        for column in ("bucket", *COLUMNS, "place"):
            parameters[f"{column}{n}"] = getattr(state, column)
    database.execute(statement(len(ordered)), parameters)


def statement(rows: int) -> str:
    """Return the statement for a number of `rows`.

    `VALUES(column)` is the new value of a column. MySQL deprecates it since 8.0.20, but MariaDB has
    no other syntax for it.
    """
    row = ", ".join(f":{name}{{n}}" for name in ("bucket", "key", *COLUMNS, "place"))
    # Assignments happen from left to right: `place` is last, as all the others compare with it.
    rule = ", ".join(f"{c} = IF({_WINS}, VALUES({c}), {c})" for c in COLUMNS)
    values = ", ".join(f"({row.format(n=n)})" for n in range(rows))
    return (
        f"INSERT INTO states (bucket, key_bytes, {', '.join(COLUMNS)}, place) VALUES {values}"  # noqa: S608 (column names are constants)
        f" ON DUPLICATE KEY UPDATE {rule}, place = GREATEST(place, VALUES(place))"
    )
