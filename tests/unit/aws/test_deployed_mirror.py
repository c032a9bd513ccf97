"""Queries on the SQL mirror, with a double of the Data API."""

import json
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_mirror import DeployedMirror, QueryResult
from reinventure.contract import SqlOutputs
from reinventure.errors import UserError

OUTPUTS = SqlOutputs(
    cluster_arn="cluster",
    reader_secret_arn="reader",  # noqa: S106 (an ARN)
    mirror_arn="mirror",
    mirror_failure_queue_url="queue",
    data_api_url="https://127.0.0.1:1",
)


NO_LOGIN = "Access denied for user 'reader'@'10.0.0.1' (using password: YES); SQLState: 28000"


def refusal(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class DataApi:
    """The Data API: keeps the calls, and answers the query with `reply` or an error."""

    def __init__(self, reply: dict[str, Any] | None = None, error: str = "") -> None:
        self.calls: list[str] = []
        self.tables = True
        self.invocation = "works"
        self._reply, self._error = reply or {}, error

    def client(self, name: str, endpoint_url: str | None = None, **_: Any) -> "DataApi":
        assert (name, endpoint_url) in (("rds-data", "https://127.0.0.1:1"), ("lambda", None))
        return self

    def invoke(self, **request: Any) -> dict[str, Any]:
        """The function `mirror`, which creates the tables."""
        assert request["FunctionName"] == "mirror"
        assert json.loads(request["Payload"]) == {"Records": []}
        self.calls.append("INVOKE")
        if self.invocation == "refused":
            raise refusal("Invoke", "AccessDeniedException", "not authorized")
        if self.invocation == "failed":
            error = {"errorMessage": "no database"}
            return {"FunctionError": "Unhandled", "Payload": BytesIO(json.dumps(error).encode())}
        self.tables = self.invocation == "works"
        return {"Payload": BytesIO(b'{"batchItemFailures": [], "errors": []}')}

    def begin_transaction(self, **request: Any) -> dict[str, str]:
        assert (request["resourceArn"], request["secretArn"]) == ("cluster", "reader")
        if not self.tables:
            raise refusal("BeginTransaction", "DatabaseErrorException", NO_LOGIN)
        self.calls.append("BEGIN")
        return {"transactionId": "t"}

    def rollback_transaction(self, **request: Any) -> None:
        assert request["transactionId"] == "t"
        self.calls.append("ROLLBACK")

    def execute_statement(self, **request: Any) -> dict[str, Any]:
        assert request["transactionId"] == "t"
        self.calls.append(request["sql"])
        if request["sql"] == "START TRANSACTION READ ONLY":
            return {}
        assert request["includeResultMetadata"]
        if self._error:
            raise refusal("ExecuteStatement", "BadRequestException", self._error)
        return self._reply


def query(api: DataApi) -> QueryResult:
    session: Any = SimpleNamespace(client=api.client)
    return DeployedMirror(session, OUTPUTS).query("SELECT 1", lambda: None)


def test_a_query_runs_in_a_read_only_transaction_that_is_rolled_back() -> None:
    api = DataApi()
    assert query(api) == QueryResult([], [])
    assert api.calls == ["BEGIN", "START TRANSACTION READ ONLY", "SELECT 1", "ROLLBACK"]


def test_a_query_on_a_mirror_without_tables_has_them_created() -> None:
    api = DataApi()
    api.tables = False
    assert query(api) == QueryResult([], [])
    assert api.calls == ["INVOKE", "BEGIN", "START TRANSACTION READ ONLY", "SELECT 1", "ROLLBACK"]


def test_without_permission_to_create_the_tables_the_error_has_the_remedy() -> None:
    api = DataApi()
    api.tables, api.invocation = False, "refused"
    with pytest.raises(UserError) as error:
        query(api)
    assert str(error.value) == (
        "the mirror has no tables yet: the first change of an object creates them. `reinventure "
        "sql-backfill` does so at once; it needs lambda:InvokeFunction on mirror"
    )


def test_tables_that_cannot_be_created_are_an_error_with_the_reason() -> None:
    api = DataApi()
    api.tables, api.invocation = False, "failed"
    with pytest.raises(UserError, match=r"^the function of the mirror failed: no database$"):
        query(api)


def test_a_login_that_is_denied_although_there_are_tables_is_an_error() -> None:
    api = DataApi()
    api.tables, api.invocation = False, "has no effect"
    with pytest.raises(ClientError, match="Access denied for user"):
        query(api)
    assert api.calls == ["INVOKE"]


def test_a_statement_that_is_denied_creates_no_tables() -> None:
    api = DataApi(error=NO_LOGIN)
    with pytest.raises(ClientError, match="Access denied for user"):
        query(api)
    assert "INVOKE" not in api.calls


def test_values_have_the_types_of_their_columns() -> None:
    columns: list[dict[str, Any]] = [
        {"label": "text", "typeName": "VARCHAR"},
        {"label": "bytes", "typeName": "VARBINARY"},
        {"label": "no text", "typeName": "VARBINARY"},
        {"label": "whole", "typeName": "DECIMAL", "scale": 0},
        {"label": "part", "typeName": "DECIMAL", "scale": 4},
        {"label": "null", "typeName": "DECIMAL", "scale": 4},
        {"label": "unsigned", "typeName": "DECIMAL UNSIGNED", "scale": 1},
        {"label": "number", "typeName": "BIGINT"},
    ]
    record = [
        {"stringValue": "12"},
        {"blobValue": "ü".encode()},
        {"blobValue": b"\xff\x00"},
        {"stringValue": "12"},
        {"stringValue": "9007199254740993.0"},
        {"isNull": True},
        {"stringValue": "0.1"},
        {"longValue": 12},
    ]
    result = query(DataApi({"columnMetadata": columns, "records": [record]}))
    assert result.columns == [column["label"] for column in columns]
    exact = Decimal("9007199254740993.0")
    assert result.rows == [["12", "ü", "0xff00", 12, exact, None, Decimal("0.1"), 12]]
    assert isinstance(result.rows[0][4], Decimal)
    assert isinstance(result.rows[0][3], int)


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ({"name": "changed_at", "tableName": "objects"}, "2026-11-23 12:00:00.123Z"),
        ({"name": "changed_at", "label": "t", "tableName": "states"}, "2026-11-23 12:00:00.123Z"),
        # CONVERT_TZ(changed_at, '+00:00', '+01:00') AS changed_at
        ({"name": "changed_at", "tableName": ""}, "2026-11-23 12:00:00.123"),
        ({"name": "event", "tableName": "objects"}, "2026-11-23 12:00:00.123"),
    ],
)
def test_the_time_of_a_change_has_its_zone(column: dict[str, Any], shown: str) -> None:
    record = [{"stringValue": "2026-11-23 12:00:00.123"}]
    column = {"label": "changed_at", "typeName": "DATETIME", **column}
    assert query(DataApi({"columnMetadata": [column], "records": [record]})).rows == [[shown]]
    [none] = query(DataApi({"columnMetadata": [column], "records": [[{"isNull": True}]]})).rows
    assert none == [None]


def test_a_result_that_is_too_large_is_an_error_with_a_remedy() -> None:
    api = DataApi(error="Database returned more than the allowed response size limit")
    with pytest.raises(
        UserError, match=r"exceeds 1 MiB, .*: select fewer rows \(LIMIT\) or columns$"
    ):
        query(api)
    assert api.calls[-1] == "ROLLBACK"


def test_another_error_of_the_database_is_raised() -> None:
    with pytest.raises(ClientError, match="SQL syntax"):
        query(DataApi(error="SQL syntax"))
