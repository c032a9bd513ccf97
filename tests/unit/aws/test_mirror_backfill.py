"""Filling the SQL mirror: every row once, through the function of the mirror."""

import io
import json
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.deployed_mirror import DeployedMirror
from reinventure.aws.mirror_backfill import backfill
from reinventure.contract import SqlOutputs
from reinventure.errors import UserError
from s3_catalog.feed.message import read
from tests.unit.cli.content import add_row

OUTPUTS = SqlOutputs(
    cluster_arn="cluster",
    reader_secret_arn="reader",  # noqa: S106 (an ARN)
    mirror_arn="mirror",
    mirror_failure_queue_url="q",
)


class Function:
    """The function `mirror`, which keeps the records and gives the same `reply` each time."""

    def __init__(self, reply: dict[str, Any], error: str | None = None) -> None:
        self.batches: list[list[dict[str, str]]] = []
        self._reply = {"Payload": json.dumps(reply).encode()}
        self._error = {"FunctionError": error} if error else {}
        self._lock = Lock()

    def client(self, name: str, **_: Any) -> "Function":
        assert name == "lambda"
        return self

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == "mirror"
        with self._lock:
            self.batches.append(json.loads(request["Payload"])["Records"])
        return {"Payload": io.BytesIO(self._reply["Payload"]), **self._error}


def mirror(function: Function) -> DeployedMirror:
    session: Any = SimpleNamespace(client=function.client)
    return DeployedMirror(session, OUTPUTS)


def test_every_row_under_the_prefix_is_written_once(catalog: DeployedCatalog) -> None:
    for n in range(230):
        add_row(catalog, f"a/{n:03}", size=n)
    add_row(catalog, "a/gone", size=None, etag=None, expires_at=1)
    add_row(catalog, "b")
    function = Function({"batchItemFailures": []})
    assert sorted(backfill(catalog, mirror(function), "a/")) == [31, 100, 100]
    assert function.batches[0] == []
    assert all(len(batch) <= 100 for batch in function.batches)
    messages = [
        read(record["body"], catalog.scope) for batch in function.batches for record in batch
    ]
    assert sorted(message["key"] for message in messages) == [
        *(f"a/{n:03}" for n in range(230)),
        "a/gone",
    ]
    [gone] = [message for message in messages if message["kind"] == "deleted"]
    assert (gone["key"], gone["new"]) == ("a/gone", None)
    assert {message["kind"] for message in messages} == {"created", "deleted"}


def test_the_backfill_of_an_empty_catalog_creates_the_tables(catalog: DeployedCatalog) -> None:
    function = Function({"batchItemFailures": []})
    assert list(backfill(catalog, mirror(function), "")) == []
    assert function.batches == [[]]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (
            Function({"errorMessage": "no database"}, error="Unhandled"),
            "the function of the mirror failed: no database",
        ),
        (
            Function({"batchItemFailures": [{"itemIdentifier": "k"}], "errors": ["too long"]}),
            "1 rows could not be mirrored: too long. Run the command again: it is idempotent",
        ),
    ],
)
def test_a_failed_function_ends_it(
    catalog: DeployedCatalog, function: Function, reason: str
) -> None:
    add_row(catalog, "k")
    with pytest.raises(UserError) as error:
        list(backfill(catalog, mirror(function), ""))
    assert str(error.value) == reason
