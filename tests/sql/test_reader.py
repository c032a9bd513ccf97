"""The privileges of the reader."""

import pytest
from botocore.exceptions import ClientError

from s3_catalog.sql_mirror.data_api import Database, values


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO states (key_bytes, changed_at, event, place) VALUES ('k', NOW(), 'e', 'p')",
        "UPDATE states SET size = 0",
        "DELETE FROM states",
        "DROP TABLE states",
        "CREATE TABLE mine (n INT)",
        "CREATE USER other",
        "SET GLOBAL max_connections = 1",
        "SELECT * FROM mysql.user",
        "SELECT 1 INTO OUTFILE '/tmp/reinventure-test'",
        "SELECT LOAD_FILE('/etc/passwd') IS NULL FROM mysql.user",
        "GRANT ALL ON *.* TO reader",
    ],
)
def test_the_reader_has_no_privilege_but_select(reader: Database, statement: str) -> None:
    assert values(reader.execute("SELECT COUNT(*) AS n FROM objects")) == [[0]]
    with pytest.raises(ClientError, match="denied"):
        reader.execute(statement)
