"""Client of the RDS Data API: SQL over HTTPS, without a connection to the database.

Limits of the service: 45 s for a statement, 4 MiB for a request, 1 MiB for a response, 64 KiB for a
row of it. Source: "Using the Amazon RDS Data API" in the Amazon Aurora User Guide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_rds_data import RDSDataServiceClient
    from types_boto3_rds_data.type_defs import (
        ExecuteStatementRequestTypeDef,
        ExecuteStatementResponseTypeDef,
        FieldUnionTypeDef,
    )

DATABASE_NAME = "catalog"
"""The name of the database in the cluster."""

RESUMING = "DatabaseResumingException"
"""The error code while a paused database resumes. The first request resumes it."""

_T = TypeVar("_T")

Value = str | int | bytes | None
Parameters = Mapping[str, Value]


def config() -> "Config":
    """Return the configuration of the client.

    The read time-out exceeds the 45 s of a statement: no retry while a statement runs.
    """
    from botocore.config import Config  # noqa: PLC0415 (the command's help needs none)

    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    return Config(connect_timeout=3, read_timeout=50, retries=retries)


@dataclass(frozen=True)
class Database:
    """The database of `cluster` (ARN), with the user and password in `secret` (ARN).

    While the database resumes, `wait` is called before each retry; it raises when there is no time
    left.
    """

    client: "RDSDataServiceClient"
    cluster: str
    secret: str
    wait: Callable[[], None]

    def execute(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        transaction: str | None = None,
        include_metadata: bool = False,
        continue_after_timeout: bool = False,
    ) -> "ExecuteStatementResponseTypeDef":
        """Run the statement `sql`, with `:name` for the value in `parameters` of that name.

        It is committed at once, unless it is part of a `transaction` (see `session`). With
        `include_metadata`, the response has `columnMetadata`. After 45 s the call fails and the
        statement is cancelled; with `continue_after_timeout` the statement goes on.

        Raises botocore's ClientError or BotoCoreError when the statement is rejected or the service
        does not answer, and what `wait` raises.
        """
        request: ExecuteStatementRequestTypeDef = {
            "resourceArn": self.cluster,
            "secretArn": self.secret,
            "database": DATABASE_NAME,
            "sql": sql,
            "includeResultMetadata": include_metadata,
            "continueAfterTimeout": continue_after_timeout,
            "parameters": [
                {"name": name, "value": _field(value)} for name, value in (parameters or {}).items()
            ],
        }
        if transaction:
            request["transactionId"] = transaction
        return self._retry(lambda: self.client.execute_statement(**request))

    @contextmanager
    def session(self) -> Iterator[str]:
        """Yield the id of a transaction, which is rolled back at the end.

        All its statements run on one connection, which returns to the service's pool unchanged:
        locks and settings of the session stay on it.
        """
        names = {"resourceArn": self.cluster, "secretArn": self.secret}
        begun = self._retry(lambda: self.client.begin_transaction(**names, database=DATABASE_NAME))
        try:
            yield begun["transactionId"]
        finally:
            self.client.rollback_transaction(**names, transactionId=begun["transactionId"])

    def _retry(self, request: Callable[[], _T]) -> _T:
        """Return the response to `request`, repeated until the database has resumed."""
        while True:
            try:
                return request()
            except ClientError as error:
                if error.response["Error"]["Code"] != RESUMING:
                    raise
            self.wait()


def values(response: "ExecuteStatementResponseTypeDef") -> Sequence[Sequence[object]]:
    """Return the rows of a response, each as the values of its columns."""
    return [
        [None if "isNull" in field else next(iter(field.values())) for field in record]
        for record in response.get("records", [])
    ]


def _field(value: Value) -> "FieldUnionTypeDef":
    match value:
        case None:
            return {"isNull": True}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"blobValue": value}
        case int():
            return {"longValue": value}
