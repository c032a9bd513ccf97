"""The privileges of the reader."""

import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from reinventure.local.data_api_server import Login
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.schema import READER as USER
from tests.assembly import ROOT
from tests.sql.conftest import LOGINS, PASSWORD, READER


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


@pytest.fixture
def change_password(reader: Database, owner: Database) -> Iterator[str]:
    """The statement of docs/security.md; afterwards the reader has the password of before."""
    page = (ROOT / "docs" / "security.md").read_text()
    [statement] = re.findall('--sql "(ALTER USER .*)"$', page, re.MULTILINE)
    yield statement
    owner.execute(statement.replace("$password", PASSWORD))


def test_a_password_that_is_changed_by_hand_is_refused_from_then_on(
    change_password: str, reader: Database, owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Login(USER, "anotherpasswordoflettersanddigits")
    reader.execute("SELECT 1")
    owner.execute(change_password.replace("$password", new.password))
    with pytest.raises(ClientError, match="denied"):
        reader.execute("SELECT 1")
    monkeypatch.setitem(LOGINS, READER, new)
    assert values(reader.execute("SELECT 1")) == [[1]]
