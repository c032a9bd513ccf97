"""The mirror that is deployed where the environment points, and asking it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from reinventure.aws import deployed_catalog as deployed
from reinventure.errors import UserError
from s3_catalog.sql_mirror import data_api as database
from s3_catalog.sql_mirror.data_api import Database

if TYPE_CHECKING:
    from types_boto3_rds_data.type_defs import ColumnMetadataTypeDef

STACK = "Sql"
"""The CloudFormation stack of the mirror."""

Cell = str | int | float | bool | None

_ADVICE = (
    ". Deploy it with sql=true in cdk.json and `make deploy` (an account), or with `make up SQL=1` "
    "(this local), or name another one with --stack."
)
_TOO_MUCH = "size limit"
"""Part of what the Data API says when an answer has more than a MiB."""


@dataclass(frozen=True)
class Answer:
    """The rows of an answer, and the names of their columns."""

    columns: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class DeployedMirror:
    """A mirror, found by the outputs of the stack that made it.

    `data_api_url` is where its Data API listens if that is not AWS's own.
    """

    session: boto3.Session
    cluster: str
    reader_secret: str
    function: str
    data_api_url: str | None

    def ask(self, query: str, wait: Callable[[], None]) -> Answer:
        """Return what the database answers to `query`, one statement.

        It is asked by a user who may only read, in a transaction that only reads and is rolled
        back. While the database wakes up, `wait` is called, which may raise.

        Raises UserError when the answer is too large, and botocore's ClientError or BotoCoreError.
        """
        client = self.session.client(
            "rds-data", endpoint_url=self.data_api_url, config=database.CONFIG
        )
        asked = Database(client, self.cluster, self.reader_secret, wait)
        try:
            with asked.session() as transaction:
                # The API begins one that may write; this ends it, and begins another.
                asked.execute("START TRANSACTION READ ONLY", transaction=transaction)
                answer = asked.execute(query, transaction=transaction, described=True)
        except ClientError as error:
            if _TOO_MUCH in str(error):
                raise UserError(
                    "the answer has more than 1 MiB, the Data API's limit: ask for fewer rows "
                    "(LIMIT) or columns."
                ) from None
            raise
        columns = answer.get("columnMetadata", [])
        return Answer(
            [column.get("label", "") for column in columns],
            [
                [_cell(value, column) for value, column in zip(row, columns, strict=True)]
                for row in database.values(answer)
            ],
        )


def find(session: boto3.Session, stack: str) -> DeployedMirror:
    """Return the mirror that the stack named `stack` made.

    Raises UserError when there is no such stack, or it is not one of ours.
    """
    client = session.client("cloudformation", config=deployed.CONFIG)
    outputs = deployed.stack_outputs(client, stack, _ADVICE)
    try:
        return DeployedMirror(
            session=session,
            cluster=outputs["ClusterArn"],
            reader_secret=outputs["ReaderSecretArn"],
            function=outputs["MirrorArn"],
            data_api_url=outputs.get("DataApiUrl"),
        )
    except KeyError as missing:
        raise UserError(
            f"stack {stack!r} has no output {missing.args[0]}: it is no mirror of reinventure, or "
            "its deployment has not finished."
        ) from None


def _cell(value: object, column: "ColumnMetadataTypeDef") -> Cell:
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return f"0x{value.hex()}"
        case str() if column.get("typeName") == "DECIMAL":
            # SUM and AVG are of this type. The API gives it as text.
            return float(value) if column.get("scale") else int(value)
        case str() | int() | float() | None:
            return value
    raise TypeError(f"the Data API gave a {type(value).__name__}")
