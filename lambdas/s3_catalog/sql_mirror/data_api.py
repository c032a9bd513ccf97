"""Asking the database through the RDS Data API: by HTTPS, with no connection to keep.

What the service does and limits is in "Using the Amazon RDS Data API" of the Amazon Aurora User
Guide: a statement may take 45 s, a request 4 MiB, an answer 1 MiB and a row of it 64 KiB.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_rds_data import RDSDataServiceClient
    from types_boto3_rds_data.type_defs import (
        ExecuteStatementRequestTypeDef,
        ExecuteStatementResponseTypeDef,
        FieldUnionTypeDef,
    )

NAME = "catalog"
"""The database that the cluster has for us."""

CONFIG = Config(
    connect_timeout=3,
    read_timeout=50,
    retries={"mode": "standard", "total_max_attempts": 3},
)
"""Longer than a statement may take: a second try is no use while the first one runs."""

ASLEEP = "DatabaseResumingException"
"""What the service says of a database that is paused, or not up yet. Asking starts it."""

_T = TypeVar("_T")

Value = str | int | bytes | None
Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class Database:
    """The database of `cluster` (ARN), asked as the user of `secret` (ARN).

    While it wakes up, each time it is asked in vain, `wait` is called: it returns when it is time
    to ask again, or raises when that takes too long.
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
        described: bool = False,
    ) -> "ExecuteStatementResponseTypeDef":
        """Run one statement; `:name` in it stands for the parameter of that name.

        On its own it is committed at once; in a `transaction` (see `session`) not. If `described`,
        the answer says what its columns are.

        Raises botocore's ClientError or BotoCoreError when it was refused or nobody answered, and
        whatever `wait` raises.
        """
        request: ExecuteStatementRequestTypeDef = {
            "resourceArn": self.cluster,
            "secretArn": self.secret,
            "database": NAME,
            "sql": sql,
            "includeResultMetadata": described,
            "parameters": [
                {"name": name, "value": _field(value)} for name, value in (parameters or {}).items()
            ],
        }
        if transaction:
            request["transactionId"] = transaction
        return self._awake(lambda: self.client.execute_statement(**request))

    @contextmanager
    def session(self) -> Iterator[str]:
        """Yield the id of a transaction, which is rolled back in the end.

        All its statements run on one connection, which goes back to the service's pool as it is.
        """
        names = {"resourceArn": self.cluster, "secretArn": self.secret}
        begun = self._awake(lambda: self.client.begin_transaction(**names, database=NAME))
        try:
            yield begun["transactionId"]
        finally:
            self.client.rollback_transaction(**names, transactionId=begun["transactionId"])

    def _awake(self, ask: Callable[[], _T]) -> _T:
        while True:
            try:
                return ask()
            except ClientError as error:
                if error.response["Error"]["Code"] != ASLEEP:
                    raise
            self.wait()


def values(answer: "ExecuteStatementResponseTypeDef") -> Sequence[Sequence[object]]:
    """Return the rows of an answer, as the values of their columns."""
    return [
        [None if "isNull" in field else next(iter(field.values())) for field in record]
        for record in answer.get("records", [])
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
