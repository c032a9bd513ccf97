"""The deployed SQL mirror, and queries on it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reinventure.aws import deployed_stack, permission
from reinventure.aws.connection import config
from reinventure.aws.mirror_invocation import create_tables, slow_config
from reinventure.contract import SqlOutputs
from reinventure.errors import UserError
from s3_catalog.sql_mirror import data_api as database
from s3_catalog.sql_mirror.data_api import Database

if TYPE_CHECKING:
    import boto3
    from types_boto3_rds_data.type_defs import ColumnMetadataTypeDef

Cell = str | int | float | Decimal | bool | None

_NO_LOGIN = "Access denied for user"
"""Part of the database's message for a login that it does not have: no tables, no reader."""

_TABLES = ("objects", "states")
"""The view and the table of the mirror's schema."""

_TOO_LARGE = "size limit"
"""Part of the Data API's message for a result of more than 1 MiB."""


@dataclass(frozen=True)
class QueryResult:
    """The result of a query: its rows, and the names of their columns."""

    columns: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class DeployedMirror:
    """The SQL mirror of a catalog, in the account and region of `session`."""

    session: "boto3.Session"
    outputs: SqlOutputs

    def query(self, sql: str, wait: Callable[[], None]) -> QueryResult:
        """Return the result of `sql`, one SQL statement.

        It runs as the user that may only read, in a read-only transaction that is rolled back.
        `wait` is called as long as the database is resuming; it may raise.

        Raises UserError when the result is too large, or when the tables do not exist and cannot be
        created, and botocore's ClientError or BotoCoreError.
        """
        try:
            return self._query(sql, wait)
        except ClientError as error:
            if error.operation_name != "BeginTransaction" or _NO_LOGIN not in str(error):
                raise
        self.create_tables()
        return self._query(sql, wait)

    def create_tables(self) -> None:
        """Create the tables and the reader, unless they exist; the function `mirror` does it.

        The first change of an object has the same effect. Raises UserError when the function fails
        or may not be invoked, and botocore's ClientError or BotoCoreError.
        """
        functions = self.session.client("lambda", config=slow_config())
        try:
            create_tables(functions, self.outputs.mirror_arn)
        except ClientError as error:
            if not permission.refused(error):
                raise
            raise UserError(
                "the mirror has no tables yet: the first change of an object creates them. "
                "`reinventure sql-backfill` does so at once; it needs lambda:InvokeFunction on "
                f"{self.outputs.mirror_arn}"
            ) from None

    def _query(self, sql: str, wait: Callable[[], None]) -> QueryResult:
        client = self.session.client(
            "rds-data", endpoint_url=self.outputs.data_api_url, config=database.config()
        )
        mirror = Database(client, self.outputs.cluster_arn, self.outputs.reader_secret_arn, wait)
        try:
            with mirror.session() as transaction:
                # The API begins a transaction that may write; this ends it and begins another.
                mirror.execute("START TRANSACTION READ ONLY", transaction=transaction)
                reply = mirror.execute(sql, transaction=transaction, include_metadata=True)
        except ClientError as error:
            if _TOO_LARGE in str(error):
                raise UserError(
                    "the result exceeds 1 MiB, the limit of the Data API: select fewer rows "
                    "(LIMIT) or columns"
                ) from None
            raise
        columns = reply.get("columnMetadata", [])
        return QueryResult(
            [column.get("label", "") for column in columns],
            [
                [_cell(value, column) for value, column in zip(row, columns, strict=True)]
                for row in database.values(reply)
            ],
        )


def find(session: "boto3.Session", stack: str) -> DeployedMirror:
    """Return the SQL mirror of the stack named `stack`.

    Raises UserError when there is no such stack or it is not a mirror, and botocore's ClientError
    or BotoCoreError.
    """
    client = session.client("cloudformation", config=config())
    return DeployedMirror(session, deployed_stack.find(client, stack, SqlOutputs))


def _cell(value: object, column: "ColumnMetadataTypeDef") -> Cell:
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return f"0x{value.hex()}"
        case str() if column.get("typeName", "").startswith("DECIMAL"):
            # SUM and AVG are of this type, whose 65 digits exceed a float. The API returns text.
            return Decimal(value) if column.get("scale") else int(value)
        case str() if _is_utc(column):
            return f"{value}Z"
        case str() | int() | float() | None:
            return value
    raise TypeError(f"the Data API returned a {type(value).__name__}")


def _is_utc(column: "ColumnMetadataTypeDef") -> bool:
    """Return whether the column is `changed_at` of the schema. An expression may be of any zone."""
    return column.get("name") == "changed_at" and column.get("tableName") in _TABLES
