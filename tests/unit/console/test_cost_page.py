"""What the console says of the cost: on the local cloud, in an account, if it is not known."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from reinventure.aws import account_counts
from reinventure.aws.account_counts import Metered
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import cost_counts
from reinventure.console.cost_counts import LoggedCounts, MetricCounts
from reinventure.console.current_cost import CurrentCost, money, quantity
from reinventure.console.event_stream import EventStream
from reinventure.console.followed_changes import FollowedChanges
from reinventure.console.served import Served, serve
from reinventure.cost import meters
from reinventure.cost.measured import Counts
from reinventure.cost.meters import Metric, Resource
from reinventure.errors import UserError
from tests.unit.console.asgi_browser import Browser
from tests.unit.console.conftest import opened

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
PUBLISH = Metric("AWS/Lambda", "Invocations", "FunctionName", "publish")
TOOK = Metric("AWS/Lambda", "Duration", "FunctionName", "publish")


@pytest.fixture
def published(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> Metric:
    """The metric of the change feed of a stack, which moto's CloudFormation does not have."""
    resources = [
        Resource(meters.FUNCTION, "ChangesPublishFunction099F9EFD", "publish", 256),
        Resource(meters.TOPIC, "ChangesTopic1C604BB4", catalog.outputs.changes_topic_arn),
    ]
    metered = Metered(list(meters.meters(resources)), frozenset())
    monkeypatch.setattr(account_counts, "meters_of", lambda _catalog: metered)
    name = catalog.outputs.changes_topic_arn.split(":")[-1]
    return Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", name)


class Log:
    """The emulator's log of `publish`: requests with the time of their end and their duration."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[datetime, float]] = {}
        self.asked: list[datetime] = []

    def durations(self, name: str, since: datetime) -> dict[str, float]:
        assert name == "publish"
        self.asked.append(since)
        return {request: ms for request, (at, ms) in self.lines.items() if at >= since}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(cost_counts, "LoggedCalls", lambda _session: made)
    return made


def logged(catalog: DeployedCatalog) -> tuple[LoggedCounts, FollowedChanges]:
    changes = FollowedChanges(catalog, EventStream())
    return LoggedCounts(catalog, changes, START), changes


def test_each_logged_call_is_counted_once(
    catalog: DeployedCatalog, published: Metric, log: Log
) -> None:
    reader, changes = logged(catalog)
    assert reader.read(START).sums == {}
    log.lines["a"] = START + timedelta(seconds=1), 10.0
    changes.count = 1
    first = reader.read(START + timedelta(seconds=5))
    assert first.sums == {PUBLISH: 1, TOOK: 10, published: 1}
    # The second one ended before the first reading, but was logged after it.
    log.lines["b"] = START + timedelta(seconds=4), 20.0
    log.lines["c"] = START + timedelta(seconds=7), 30.0
    changes.count = 3
    assert reader.read(START + timedelta(seconds=10)).sums == {PUBLISH: 3, TOOK: 60, published: 3}
    assert reader.read(START + timedelta(hours=1)).sums == {PUBLISH: 3, TOOK: 60, published: 3}
    reader.read(START + timedelta(hours=2))
    # Not the whole log each time.
    assert log.asked[-1] == START + timedelta(hours=1) - timedelta(seconds=10)
    assert min(log.asked) == START


def test_in_an_account_cloudwatch_counts_since_the_start(
    catalog: DeployedCatalog, published: Metric
) -> None:
    cloudwatch = catalog.session.client("cloudwatch")
    for minutes, value in ((-30, 500.0), (1, 2.0), (3, 5.0)):
        cloudwatch.put_metric_data(
            Namespace=published.namespace,
            MetricData=[
                {
                    "MetricName": published.name,
                    "Dimensions": [{"Name": published.dimension, "Value": published.value}],
                    "Timestamp": START + timedelta(minutes=minutes),
                    "Value": value,
                }
            ],
        )
    found = MetricCounts(catalog, START).read(START + timedelta(minutes=5))
    assert found.sums == {published: 7}


class Reader:
    """Counts as they are given, or an error."""

    def __init__(self, published: Metric, changes: float = 0) -> None:
        self.published, self.changes = published, changes
        self.error: Exception | None = None

    def read(self, now: datetime) -> Counts:
        if self.error:
            raise self.error
        resource = Resource(meters.TOPIC, "Topic", f"arn:aws:sns:x:1:{self.published.value}")
        sums = {self.published: self.changes} if self.changes else {}
        return Counts(START, now, list(meters.meters([resource])), sums, frozenset())


@pytest.fixture
def reader(here: Served, published: Metric, monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = Reader(published)
    monkeypatch.setattr(here.cost, "_reader", made)
    return made


def navigation(text: str) -> str:
    [found] = re.findall(r'<a href="/cost".*?</a>', text)
    return str(found)


def test_before_a_reading_and_without_changes_there_is_no_sum(
    browser: Browser, here: Served, reader: Reader
) -> None:
    text = browser.get("/cost").text
    assert "Nothing was used yet." in text
    assert 'class="sum"' not in navigation(text)
    here.cost.read()
    text = browser.get("/cost").text
    assert '<dd data-sum="dollars">$0.00</dd>' in text
    assert '<dd data-sum="million">unknown</dd>' in text
    assert 'class="sum"' not in navigation(text)


def test_changes_have_a_price_that_every_page_shows(
    browser: Browser, here: Served, reader: Reader
) -> None:
    reader.changes = 1000
    here.cost.read()
    text = browser.get("/cost").text
    assert '<dd data-sum="changes">1,000</dd>' in text
    # That of the model, for all but the feed, which is counted.
    assert '<dd data-sum="million">$2.27</dd>' in text
    assert text.count('data-from="counted"') == 2
    assert text.count('data-from="model"') > 5
    for path in ("/", "/cost"):
        assert '<span class="sum">$0.0023</span>' in navigation(browser.get(path).text)


def test_what_changed_is_published_and_nothing_else(here: Served, reader: Reader) -> None:
    events = here.events
    here.cost.read()
    position = events.position()
    here.cost.read()
    assert events.position() == position
    reader.changes = 10
    here.cost.read()
    assert events.position() != position
    found = here.cost.data()
    assert json.loads(json.dumps(found)) == found
    # Ten take as many data keys as all others of five minutes.
    assert found["total"] == "$0.000039"


def test_an_error_is_said_and_the_last_cost_stays(
    browser: Browser, here: Served, reader: Reader
) -> None:
    reader.changes = 1000
    here.cost.read()
    reader.error = UserError("cloudwatch:GetMetricData on the account is not allowed")
    here.cost.read()
    text = browser.get("/cost").text
    assert "cloudwatch:GetMetricData on the account is not allowed" in text
    assert '<dd data-sum="changes">1,000</dd>' in text
    reader.error = ClientError({"Error": {"Code": "Throttling", "Message": "<b>"}}, "GetMetricData")
    here.cost.read()
    text = browser.get("/cost").text
    assert "&lt;b&gt;" in text
    assert "<b>&" not in text
    reader.error = None
    here.cost.read()
    assert here.cost.problem is None


def test_a_reading_that_failed_is_not_repeated_without_a_page(reader: Reader) -> None:
    cost = CurrentCost(reader, EventStream())
    assert cost.unread
    reader.error = UserError("no")
    cost.read()
    assert not cost.unread


def test_the_page_says_whose_figures_they_are(catalog: DeployedCatalog, browser: Browser) -> None:
    assert "Nothing of it is paid." in browser.get("/cost").text
    account = opened(serve(catalog, None, None, local=False, read_only=True))
    text = account.get("/cost").text
    assert "read every five minutes" in text
    assert "Nothing of it is paid." not in text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.01, "$0.01"),
        (0.0099, "$0.0099"),
        (0.00031, "$0.00031"),
        (0.000000312, "$0.00000031"),
    ],
)
def test_small_sums_have_two_digits(dollars: float, text: str) -> None:
    assert money(dollars) == text


@pytest.mark.parametrize(
    ("used", "text"),
    [(0, "0"), (1234.4, "1,234"), (6.667, "6.67"), (0.262, "0.262"), (0.0000118, "0.000012")],
)
def test_small_quantities_have_no_exponent(used: float, text: str) -> None:
    assert quantity(used) == text
