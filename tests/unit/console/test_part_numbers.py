"""The numbers on the parts: what is measured, and what is said of what is not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.change_delays import Delays, Quantiles
from reinventure.console.current_numbers import CurrentNumbers
from reinventure.console.event_stream import EventStream
from reinventure.console.function_calls import Calls, LoggedCalls, MetricCalls, quantile
from reinventure.console.part_numbers import PartNumbers, PartReader
from reinventure.console.write_delays import LoggedWrites
from s3_catalog.model.row import RECONCILED
from s3_catalog.model.timestamps import timestamp, utc_now
from tests.unit.aws.letters import send

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@dataclass
class KnownCalls:
    """Calls as they are given."""

    calls: dict[str, Calls]

    def read(self, names: Mapping[str, str], now: datetime) -> dict[str, Calls]:
        assert names["ingest"] == "ingest"
        assert now <= utc_now()
        return self.calls


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's CloudFormation has no stack: the functions have these names."""
    monkeypatch.setattr(
        PartReader, "_functions", {"ingest": "ingest", "totals": "totals", "publish": "publish"}
    )


def read(
    catalog: DeployedCatalog, calls: dict[str, Calls], delays: Delays | None = None
) -> dict[str, PartNumbers]:
    return PartReader(catalog, None, None, delays or Delays(), KnownCalls(calls)).read()


@pytest.mark.usefixtures("names")
def test_a_system_at_rest(catalog: DeployedCatalog) -> None:
    found = read(catalog, {"ingest": Calls(), "totals": Calls(), "publish": Calls()})
    assert found == {
        "bucket-0": PartNumbers("0 objects", "0 bytes"),
        "ingest": PartNumbers("quiet for 5 min", failures="0 failed"),
        "totals": PartNumbers("quiet for 5 min", failures="0 failed"),
        "publish": PartNumbers("quiet for 5 min", failures="0 failed"),
        "table": PartNumbers("0 rows"),
        "feed": PartNumbers("quiet for 5 min"),
        "events": PartNumbers("0 in queue"),
    }


@pytest.mark.usefixtures("names")
def test_a_system_at_work(catalog: DeployedCatalog) -> None:
    delays = Delays()
    for milliseconds in range(1, 201):
        delays.add(utc_now(), float(milliseconds))
    calls = {
        "ingest": Calls(1234, 5, 18.4, 2400.0),
        "totals": Calls(2_500_000, 0, 3.0, 9.0, age=300.0),
    }
    send(catalog, {"a": 1})
    found = read(catalog, calls, delays)
    assert found["ingest"] == PartNumbers(
        "5 of 1,234 failed", "p50 18 ms", "p99 2.4 s", "1 failed", 1, failing=True
    )
    assert found["totals"] == PartNumbers("2.5M calls", "p99 9 ms", "300 ms behind", "0 failed")
    assert found["publish"] == PartNumbers("calls unknown", failures="0 failed")
    assert found["feed"] == PartNumbers("200 changes", "p50 100 ms", "p99 198 ms")
    # A text of at most sixteen characters has room, unless something is wrong.
    for each in found.values():
        lines = (each.second, each.third, each.failures, "" if each.failing else each.first)
        assert max(map(len, lines)) <= 16


def test_delays_are_forgotten_after_the_window() -> None:
    delays = Delays()
    for minutes in range(10):
        delays.add(NOW + timedelta(minutes=minutes), float(minutes))
    found = delays.last(timedelta(minutes=5), NOW + timedelta(minutes=9))
    assert (found.count, found.median, found.slowest) == (6, 6.0, 9.0)
    assert delays.last(timedelta(minutes=5), NOW + timedelta(hours=1)).count == 0


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7], 0.5, 7), ([7], 0.99, 7), ([1, 2], 0.5, 1), ([1, 2, 3], 0.5, 2), ([1, 2, 3], 0.99, 3)],
)
def test_a_quantile_is_one_of_the_values(
    values: list[float], share: float, expected: float
) -> None:
    assert quantile(values, share) == expected


class Pages:
    """A client with one paginator, whose pages are given."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, _: str) -> "Pages":
        return self

    def paginate(self, **asked: Any) -> tuple[dict[str, Any], ...]:
        self.asked.append(asked)
        return self.pages


class Session:
    """A session with these clients."""

    def __init__(self, **clients: Pages) -> None:
        self.clients = clients

    def client(self, name: str, **_: object) -> Pages:
        return self.clients[name]


def test_the_metrics_of_cloudwatch_are_summed_and_percentiles_are_of_the_newest_minute() -> None:
    results = {
        "ingest_invocations": [3.0, 4.0],
        "ingest_errors": [1.0],
        "ingest_throttles": [2.0],
        "ingest_median": [5.0, 6.0],
        "ingest_slowest": [50.0, 60.0],
        "totals_age": [10.0, 400.0, 20.0],
    }
    cloudwatch = Pages(
        *({"MetricDataResults": [{"Id": id_, "Values": each}]} for id_, each in results.items())
    )
    session: Any = Session(cloudwatch=cloudwatch)
    found = MetricCalls(session).read({"ingest": "f", "totals": "g"}, NOW)
    assert found == {
        "ingest": Calls(7, 3, 6.0, 60.0, None),
        "totals": Calls(0, 0, None, None, 400.0),
    }
    [asked] = cloudwatch.asked
    assert asked["EndTime"] - asked["StartTime"] == timedelta(minutes=5)
    assert len(asked["MetricDataQueries"]) == 12


def test_the_log_of_the_emulator_has_the_calls() -> None:
    class Logs(Pages):
        def paginate(self, **asked: Any) -> tuple[dict[str, Any], ...]:
            self.asked.append(asked)
            report = (
                "REPORT RequestId: r{}\tDuration: {} ms\tBilled Duration: 9 ms\tMemory Size: 1 MB"
            )
            lines = {
                '"REPORT RequestId"': [report.format(n, 10 * n) for n in (3, 1, 2)],
                '"Traceback (most recent call last)"': ["Traceback (most recent call last):"],
            }[asked["filterPattern"]]
            return ({"events": [{"message": line} for line in lines]},)

    logs = Logs()
    functions = Pages(
        {
            "Functions": [
                {"FunctionName": "f", "LoggingConfig": {"LogGroup": "g"}},
                {"FunctionName": "x"},
            ]
        }
    )
    session: Any = Session(logs=logs, **{"lambda": functions})
    assert LoggedCalls(session).read({"ingest": "f"}, NOW) == {"ingest": Calls(3, 1, 20.0, 30.0)}
    assert {asked["logGroupName"] for asked in logs.asked} == {"g"}
    assert {asked["startTime"] for asked in logs.asked} == {1795694100000}
    durations = LoggedCalls(session).durations("f", NOW)
    assert durations == {"r1": 10.0, "r2": 20.0, "r3": 30.0}
    assert logs.asked[-1]["startTime"] == 1795694400000
    assert LoggedCalls(session).durations("x", NOW) == {}


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_function_that_was_never_invoked_has_no_calls(code: str) -> None:
    class Logs(Pages):
        def paginate(self, **_asked: Any) -> tuple[dict[str, Any], ...]:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "FilterLogEvents")

    functions = Pages({"Functions": [{"FunctionName": "f", "LoggingConfig": {"LogGroup": "g"}}]})
    session: Any = Session(logs=Logs(), **{"lambda": functions})
    calls = LoggedCalls(session)
    if code == "ResourceNotFoundException":
        assert calls.durations("f", NOW) == {}
    else:
        with pytest.raises(ClientError, match=code):
            calls.durations("f", NOW)


class Reader:
    def __init__(self) -> None:
        self.found: dict[str, PartNumbers] | ClientError = {}

    def read(self) -> dict[str, PartNumbers]:
        if isinstance(self.found, ClientError):
            raise self.found
        return self.found


def test_numbers_are_published_when_they_change_and_stay_when_they_cannot_be_read() -> None:
    reader, events = Reader(), EventStream(run="r")
    numbers = CurrentNumbers(reader, events)
    reader.found = {"ingest": PartNumbers("1 calls", waiting=2), "totals": PartNumbers(waiting=1)}
    numbers.read()
    numbers.read()
    [event] = events.since("r-0") or []
    assert event.name == "numbers"
    assert '"failed": 3' in event.data
    reader.found = ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "Get")
    numbers.read()
    assert numbers.shown()["ingest"].first == "1 calls"
    assert "Throttling" in (numbers.problem or "")
    assert events.position() == "r-2"


def decided(at: datetime, milliseconds: float, **more: object) -> str:
    """A line of `ingest` about a row that was written this long after its event."""
    line = {
        "logger": "key",
        "message": "decided",
        "outcome": "written",
        "event_name": "ObjectCreated:Put",
        "event_time": timestamp(at - timedelta(milliseconds=milliseconds)),
        "at": round(at.timestamp() * 1_000_000),
    }
    return json.dumps({**line, **more})


class LogOfIngest(Pages):
    """The log of `ingest`, of which each reading asks for the lines since a time."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[datetime, str]] = []

    def get_function_configuration(self, **asked: str) -> dict[str, object]:
        assert asked == {"FunctionName": "ingest"}
        return {"LoggingConfig": {"LogGroup": "g"}}

    def paginate(self, **asked: Any) -> tuple[dict[str, Any], ...]:
        self.asked.append(asked)
        since = datetime.fromtimestamp(asked["startTime"] / 1000, UTC)
        return tuple({"events": [{"message": text}]} for at, text in self.lines if at >= since)


def test_the_time_from_put_to_row_is_read_once_of_each_row_that_an_event_wrote() -> None:
    log = LogOfIngest()
    session: Any = Session(logs=log, **{"lambda": log})
    writes = LoggedWrites(session)
    log.lines = [
        (NOW, decided(NOW, 20)),
        (NOW, decided(NOW + timedelta(milliseconds=1), 40, outcome="looked up")),
        (NOW, decided(NOW, 999, outcome="superseded")),
        (NOW, decided(NOW, 999, event_name=RECONCILED, outcome="looked up")),
        (NOW, decided(NOW, 999, logger="another")),
        (NOW, "a text that quotes decided"),
    ]
    assert writes.last("ingest", NOW) == Quantiles(2, 20.0, 40.0)
    later = NOW + timedelta(seconds=3)
    # A line that comes late, with a time before the last reading.
    log.lines.append((NOW - timedelta(seconds=1), decided(NOW - timedelta(seconds=1), 60)))
    assert writes.last("ingest", later) == Quantiles(3, 40.0, 60.0)
    assert [each["logGroupName"] for each in log.asked] == ["g", "g"]
    assert log.asked[1]["startTime"] > log.asked[0]["startTime"]
    assert writes.last("ingest", NOW + timedelta(minutes=10)).count == 0


@pytest.mark.usefixtures("names")
def test_the_table_shows_it_and_totals_how_late_they_are(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogOfIngest()
    # A time of S3 has whole milliseconds.
    now = utc_now().replace(microsecond=0)
    log.lines = [(now, decided(now, 20)), (now, decided(now, 1_400))]
    session: Any = Session(logs=log, **{"lambda": log})
    monkeypatch.setattr(PartReader, "_lag", lambda _: 311.0)
    calls = KnownCalls({"totals": Calls(5, 0, 3.0, 9.0)})
    found = PartReader(catalog, None, None, Delays(), calls, writes=LoggedWrites(session)).read()
    assert found["table"] == PartNumbers("0 rows", "put→row 20 ms", "p99 1.4 s")
    assert found["totals"] == PartNumbers("5 calls", "p99 9 ms", "311 ms behind", "0 failed")
