"""The local Data API with AWS's client: parameters, results, transactions and errors."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from reinventure.local import data_api_server as data_api
from s3_catalog.sql_mirror.data_api import DATABASE_NAME, Database
from tests.sql.conftest import CLUSTER, OWNER, READER

if TYPE_CHECKING:
    from types_boto3_rds_data import RDSDataServiceClient

NAMES: dict[str, Any] = {"resourceArn": CLUSTER, "secretArn": OWNER}
HERE: dict[str, Any] = {**NAMES, "database": DATABASE_NAME}


@pytest.mark.parametrize(
    "value",
    [
        {"stringValue": "it's \\ 🚀 %s :a \x00"},
        {"longValue": -(2**63)},
        {"doubleValue": 0.5},
        {"blobValue": bytes(range(256))},
        {"isNull": True},
    ],
)
def test_a_value_is_returned_unchanged(
    client: "RDSDataServiceClient", tables: Database, value: Any
) -> None:
    answer = client.execute_statement(
        **HERE, sql="SELECT :a AS a", parameters=[{"name": "a", "value": value}]
    )
    assert answer["records"] == [[value]]


def test_the_response_has_metadata_of_columns(
    client: "RDSDataServiceClient", tables: Database
) -> None:
    query = "SELECT key_bytes, size AS bytes, SUM(size) FROM states GROUP BY key_bytes, size"
    answer = client.execute_statement(**HERE, sql=query, includeResultMetadata=True)
    columns = [(c["name"], c["label"], c["typeName"]) for c in answer["columnMetadata"]]
    assert columns[:2] == [
        ("key_bytes", "key_bytes", "VARBINARY"),
        ("size", "bytes", "BIGINT"),
    ]
    assert columns[2][2] == "DECIMAL"


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("SELECT changed_at FROM objects", "objects"),
        ("SELECT changed_at AS t FROM states WHERE size IS NULL ORDER BY t", "states"),
        ("SELECT changed_at + INTERVAL 1 HOUR AS changed_at FROM objects", ""),
        ("SELECT MAX(changed_at) AS changed_at FROM objects", ""),
    ],
)
def test_the_response_has_the_table_of_a_column_and_none_of_an_expression(
    client: "RDSDataServiceClient", tables: Database, query: str, table: str
) -> None:
    answer = client.execute_statement(**HERE, sql=query, includeResultMetadata=True)
    [column] = answer["columnMetadata"]
    assert (column["name"], column["tableName"]) == ("changed_at", table)


def test_a_transaction_is_rolled_back(client: "RDSDataServiceClient", tables: Database) -> None:
    transaction = client.begin_transaction(**HERE)["transactionId"]
    sql = "INSERT INTO states (key_bytes, changed_at, event, place) VALUES ('k', NOW(), 'e', 'p')"
    client.execute_statement(**HERE, sql=sql, transactionId=transaction)
    count = "SELECT COUNT(*) FROM states"
    assert tables.execute(count)["records"] == [[{"longValue": 0}]]
    ended = client.rollback_transaction(**NAMES, transactionId=transaction)
    assert "Transaction" in ended["transactionStatus"]
    assert tables.execute(count)["records"] == [[{"longValue": 0}]]
    with pytest.raises(client.exceptions.TransactionNotFoundException):
        client.execute_statement(**HERE, sql="SELECT 1", transactionId=transaction)


def test_a_transaction_has_one_user_and_an_idle_time_out(
    client: "RDSDataServiceClient", tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = client.begin_transaction(**HERE)["transactionId"]
    with pytest.raises(client.exceptions.TransactionNotFoundException):
        client.execute_statement(
            **{**HERE, "secretArn": READER}, sql="SELECT 1", transactionId=transaction
        )
    monkeypatch.setattr(data_api, "IDLE_SECONDS", -1)
    with pytest.raises(client.exceptions.TransactionNotFoundException):
        client.execute_statement(**HERE, sql="SELECT 1", transactionId=transaction)


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        ({"sql": "SELEC 1"}, "DatabaseErrorException", "SQL syntax"),
        ({"sql": "SELECT 1; SELECT 2"}, "DatabaseErrorException", "SQL syntax"),
        ({"sql": "SELECT * FROM nowhere"}, "DatabaseErrorException", "doesn't exist"),
        ({"sql": "SELECT :a"}, "BadRequestException", "Cannot find parameter: a"),
        ({"sql": "SELECT 1", "secretArn": f"{OWNER}x"}, "SecretsErrorException", "can't find"),
        ({"sql": "SELECT 1", "resourceArn": f"{CLUSTER}x"}, "DatabaseNotFoundException", "no data"),
        ({"sql": "SELECT 1", "database": "other"}, "DatabaseErrorException", "Unknown database"),
        ({"sql": "SELECT REPEAT('x', 70000)"}, "DatabaseErrorException", "too large"),
        (
            {"sql": "SELECT REPEAT('x', 60000) FROM seq_1_to_20"},
            "DatabaseErrorException",
            "size limit",
        ),
        ({"sql": f"SELECT '{'x' * 2**22}'"}, "BadRequestException", "larger than 4 MiB"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_an_error_has_the_code_that_aws_sends(
    client: "RDSDataServiceClient",
    tables: Database,
    request_: dict[str, Any],
    code: str,
    reason: str,
) -> None:
    with pytest.raises(ClientError, match=reason) as error:
        client.execute_statement(**{**HERE, **request_})
    assert error.value.response["Error"]["Code"] == code
    assert type(error.value).__name__ == code


def test_a_decimal_is_text_with_all_its_digits(
    client: "RDSDataServiceClient", tables: Database
) -> None:
    answer = client.execute_statement(
        **HERE, sql="SELECT 9007199254740993.0 AS n", includeResultMetadata=True
    )
    assert answer["records"] == [[{"stringValue": "9007199254740993.0"}]]
    [column] = answer["columnMetadata"]
    assert (column["typeName"], column["scale"]) == ("DECIMAL", 1)
