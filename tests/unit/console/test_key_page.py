"""The page of one key: what a browser gets, with any key and with a log that cannot be read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from reinventure.console.key_life import Entry, Tone
from reinventure.console.life_drawing import duration, timeline
from reinventure.console.pages import of_key
from reinventure.console.served import Served
from reinventure.console.watched_keys import WatchedKeys
from s3_catalog import key_log
from s3_catalog.model.timestamps import microseconds, utc_now
from tests.unit.console.asgi_browser import Browser
from tests.unit.console.test_key_life import FIRST, LATE, SECOND_PUT, A, C

if TYPE_CHECKING:
    from reinventure.aws.key_log_reader import KeyLogReader

HOSTILE = 'a "b" \\ <img src=x onerror=alert(1)>\n\u202e.txt'
DENIED = ClientError(
    {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "FilterLogEvents"
)


@dataclass
class Log:
    """The lines of every key, or the error of reading them."""

    found: list[dict[str, Any]] = field(default_factory=list)
    error: ClientError | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def lines(self, bucket: str, key: str, since: datetime) -> list[dict[str, Any]]:
        self.asked.append((bucket, key))
        if self.error:
            raise self.error
        return [line for line in self.found if int(line["at"]) >= microseconds(since)]


@pytest.fixture
def log(here: Served) -> Log:
    log = Log()
    here.keys.reader = cast("KeyLogReader", log)
    return log


def recent(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines, as if the first had been written just now."""
    shift = microseconds(utc_now()) - int(lines[0]["at"])
    return [{**line, "at": line["at"] + shift} for line in lines]


def test_without_a_key_the_page_asks_for_one(browser: Browser, log: Log) -> None:
    reply = browser.get("/key")
    assert reply.status == 200
    assert 'name="key"' in reply.text
    assert log.asked == []


def test_each_event_has_its_tone_its_reason_and_its_clause(
    browser: Browser, here: Served, log: Log
) -> None:
    log.found = recent([*FIRST, *SECOND_PUT, *LATE])
    text = browser.get(of_key(here.catalog.bucket, "k")).text
    assert text.count('data-tone="past"') == 2
    assert text.count('data-tone="superseded"') == 1
    assert "Superseded: the row already has …2A8B0C, which is later." in text
    assert "<code>ROW_MISSING</code> held" in text
    assert "<code>EVENT_IS_NEWER</code> did not hold" in text
    assert f"<del>{A}</del>" in text
    assert f"<ins>{C}</ins>" in text


def test_the_state_of_now_is_that_of_the_row_and_of_s3(
    browser: Browser, here: Served, log: Log
) -> None:
    here.catalog.s3.put_object(Bucket=here.catalog.bucket, Key="k", Body=b"1")
    text = browser.get(of_key(here.catalog.bucket, "k")).text
    assert 'data-tone="different"' in text
    assert "The row has none; S3 has 1 byte" in text
    assert "There is no row." in text


def test_a_hostile_key_is_text_wherever_it_stands(browser: Browser, here: Served, log: Log) -> None:
    here.catalog.s3.put_object(Bucket=here.catalog.bucket, Key=HOSTILE, Body=b"1")
    log.found = recent([{**line, "key": HOSTILE, "event_name": HOSTILE} for line in FIRST])
    text = browser.get(of_key(here.catalog.bucket, HOSTILE)).text
    assert log.asked == [(here.catalog.bucket, HOSTILE)]
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;\\n\\u202e.txt" in text
    assert not any(character in text for character in ("\n", "\u202e"))
    # An input would change it.
    assert 'value="a' not in text


def test_what_a_line_says_is_text(browser: Browser, here: Served, log: Log) -> None:
    evil = "</li><script>alert(1)</script>"
    log.found = recent(
        [{**line, "outcome": evil, "clause": evil, "after": {"etag": evil}} for line in FIRST]
    )
    assert "<script>alert" not in browser.get(of_key(here.catalog.bucket, "k")).text


def test_a_log_without_lines_is_explained(browser: Browser, here: Served, log: Log) -> None:
    assert "log_level=debug" in browser.get(of_key(here.catalog.bucket, "k")).text


def test_a_log_that_cannot_be_read_leaves_the_row(browser: Browser, here: Served, log: Log) -> None:
    log.error = DENIED
    reply = browser.get(of_key(here.catalog.bucket, "k"))
    assert reply.status == 200
    assert "The log of the functions cannot be read" in reply.text
    assert "Its row" in reply.text


def test_the_part_that_changes_comes_alone(browser: Browser, here: Served, log: Log) -> None:
    log.found = recent(FIRST)
    place = urlencode({"bucket": here.catalog.bucket, "key": "k"})
    text = browser.get(f"/key/life?{place}").text
    assert "<html" not in text
    assert 'data-tone="past"' in text


@pytest.mark.parametrize(
    "address", [of_key("another-bucket", "k"), of_key("", "k" * 1025), of_key("<b>", "<img>")]
)
def test_what_the_catalog_does_not_have_is_said(browser: Browser, log: Log, address: str) -> None:
    reply = browser.get(address)
    assert reply.status == 502
    assert "It did not work" in reply.text
    assert "<img" not in reply.text


def test_an_address_is_ascii(here: Served) -> None:
    assert of_key("b", HOSTILE).isascii()
    assert not set(' "<>\n') & set(of_key("b", HOSTILE))


def test_what_followed_an_event_shows_how_much_later_it_was() -> None:
    at = datetime.fromisoformat("2026-11-23T10:15:30Z")
    followed = str(timeline([Entry(at, "Counted", "x", Tone.FOLLOWED, delay=230)]))
    assert "+230 ms" in followed
    assert ">10:15:30<" not in followed
    event = str(timeline([Entry(at, "Put", "x", Tone.PAST, delay=12)]))
    assert ">10:15:30<" in event
    assert "23 November 2026" in event


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (12.4, "12 ms"),
        (999, "999 ms"),
        (1_234, "1.2 s"),
        (12_345, "12 s"),
        (90_000, "1.5 min"),
        (7_200_000, "2.0 h"),
        (864_000_000, "10 days"),
    ],
)
def test_a_duration_is_short(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text


# Watched keys


@pytest.fixture
def watched(here: Served, log: Log) -> WatchedKeys:
    return here.keys


def published(here: Served) -> int:
    return int(here.events.position().rpartition("-")[2])


def test_new_lines_of_a_key_that_is_shown_are_an_event(
    here: Served, log: Log, watched: WatchedKeys
) -> None:
    log.found = recent(FIRST)
    watched.lines("b", "k")
    watched.look()
    assert published(here) == 0
    log.found += recent(LATE)
    watched.look()
    watched.look()
    [event] = here.events.since(f"{here.events.run}-0") or []
    assert (event.name, event.data) == ("key", f'{{"place": "{key_log.place("b", "k")}"}}')


def test_the_last_four_keys_are_watched_for_ten_minutes(here: Served, log: Log) -> None:
    now = [0.0]
    watched = WatchedKeys(here.keys.reader, here.events, clock=lambda: now[0])
    for key in "abcde":
        watched.lines("b", key)
    log.asked.clear()
    watched.look()
    assert [key for _, key in log.asked] == ["b", "c", "d", "e"]
    now[0] = 601
    log.asked.clear()
    watched.look()
    assert log.asked == []


def test_a_log_that_cannot_be_read_for_a_moment_ends_no_watch(
    here: Served, log: Log, watched: WatchedKeys
) -> None:
    watched.lines("b", "k")
    log.error = DENIED
    watched.look()
    log.error, log.found = None, recent(FIRST)
    watched.look()
    assert published(here) == 1
