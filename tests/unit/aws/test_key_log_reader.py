"""Reading the lines of one key from the logs of the functions."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.key_log_reader import KeyLogReader, parse
from s3_catalog.key_log import place

HOSTILE = '"} || { $.key = "*" }\n\\'
SINCE = datetime(2026, 11, 23, tzinfo=UTC)


def message(key: str = HOSTILE, at: object = 1, **more: object) -> str:
    return json.dumps({"logger": "key", "bucket": "b", "key": key, "at": at, **more})


class Logs:
    """CloudWatch Logs with these pages of messages for each log group."""

    def __init__(self, **groups: list[list[str]]) -> None:
        self._groups = groups
        self.requests: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        name = request["logGroupName"]
        if name not in self._groups:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "FilterLogEvents")
        pages, number = self._groups[name], int(request.get("nextToken", 0))
        more = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"events": [{"message": each} for each in pages[number]], **more}


def reader(logs: Logs, *groups: str) -> KeyLogReader:
    found = KeyLogReader(cast("Any", None), ("Catalog",))
    # In place of the cached client and of what CloudFormation lists.
    vars(found).update(_logs=logs, groups=list(groups))
    return found


def test_the_lines_of_all_functions_come_in_the_order_of_their_times() -> None:
    logs = Logs(ingest=[[message(at=3)], [], [message(at=1)]], totals=[[message(at=2)]])
    found = reader(logs, "ingest", "totals", "never invoked").lines("b", HOSTILE, SINCE)
    assert [line["at"] for line in found] == [1, 2, 3]


def test_no_character_of_a_key_is_in_the_pattern() -> None:
    logs = Logs(ingest=[[]])
    reader(logs, "ingest").lines("b", HOSTILE, SINCE)
    [request] = logs.requests
    assert request["filterPattern"] == f'"{place("b", HOSTILE)}"'
    assert request["startTime"] == 1_795_392_000_000


def test_other_errors_are_raised() -> None:
    class Refusing(Logs):
        def filter_log_events(self, **_: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents")

    with pytest.raises(ClientError, match="AccessDenied"):
        reader(Refusing(), "ingest").lines("b", HOSTILE, SINCE)


def test_no_more_than_two_thousand_lines_of_a_function_are_read() -> None:
    logs = Logs(ingest=[[message()] * 1_500, [message()] * 500, [message()]])
    assert len(reader(logs, "ingest").lines("b", HOSTILE, SINCE)) == 2_000
    assert [request["limit"] for request in logs.requests] == [2_000, 500]


def test_a_search_of_empty_pages_ends() -> None:
    logs = Logs(ingest=[[]] * 1_000)
    assert reader(logs, "ingest").lines("b", HOSTILE, SINCE) == []
    assert len(logs.requests) == 100


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: 1",
        "",
        "[" * 100_000,
        "[]",
        message(key="another"),
        message(bucket="another"),
        message(logger="ingest"),
        message(at="1"),
        message(at=None),
    ],
)
def test_other_lines_are_none_of_the_key(text: str) -> None:
    assert parse(text, "b", HOSTILE) is None


def test_a_line_has_its_fields() -> None:
    line = parse(message(step="x"), "b", HOSTILE)
    assert line == {"logger": "key", "bucket": "b", "key": HOSTILE, "at": 1, "step": "x"}
