"""Writing states: the rule that keeps the mirror correct, as one statement for a whole batch.

For one key, the state with the greatest place wins, in whatever order, however often and in
whatever batches the states arrive. The rule is in the statement itself, so writers need no lock and
no read before it. A deleted key keeps its row, or a late message would bring it back.
"""

from collections.abc import Sequence

from s3_catalog.sql_mirror.data_api import Database, Value
from s3_catalog.sql_mirror.state import State

COLUMNS = ("size", "etag", "version_id", "changed_at", "event")
"""What a state says, besides its key and its place."""


def upsert(database: Database, states: Sequence[State]) -> None:
    """Write each of `states` unless the same or a later one of its key is known.

    There must be one at least. All are written or none is. Raises botocore's ClientError or
    BotoCoreError; what was written stays right when it is written again.
    """
    # In the order of the keys: two writers that lock the same rows do not wait for each other.
    ordered = sorted(states, key=lambda state: state.key.encode())
    parameters: dict[str, Value] = {}
    for n, state in enumerate(ordered):
        parameters[f"key{n}"] = state.key.encode()
        for column in (*COLUMNS, "place"):
            parameters[f"{column}{n}"] = getattr(state, column)
    database.execute(statement(len(ordered)), parameters)


def statement(rows: int) -> str:
    """Return the statement for so many `rows`.

    `VALUES(column)` is what the row at hand brings. MySQL advises against it since 8.0.20, but
    MariaDB knows nothing else.
    """
    row = ", ".join(f":{name}{{n}}" for name in ("key", *COLUMNS, "place"))
    # Assignments happen from left to right: the place, which all the others ask for, comes last.
    rule = ", ".join(f"{c} = IF(VALUES(place) > place, VALUES({c}), {c})" for c in COLUMNS)
    brought = ", ".join(f"({row.format(n=n)})" for n in range(rows))
    return (
        f"INSERT INTO states (key_bytes, {', '.join(COLUMNS)}, place) VALUES {brought}"  # noqa: S608 (names of ours)
        f" ON DUPLICATE KEY UPDATE {rule}, place = GREATEST(place, VALUES(place))"
    )
