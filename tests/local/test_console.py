"""The console on the local cloud: a change comes to the page, and nothing stays when it ends."""

import http.client
import json
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import watch_queue_prefix
from reinventure.local.cloud import Cloud
from tests.console_process import ConsoleProcess
from tests.waiting import PATIENCE, wait_until

HOSTILE = "<img src=x onerror=alert(1)>"


class Console:
    """A console, and the requests of a browser that has its cookie."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.started = ConsoleProcess(cloud, folder)
        with self.requested("GET", f"/?{self.started.parts.query}", {}) as reply:
            self.cookie = (reply.headers["set-cookie"] or "").partition(";")[0]

    @contextmanager
    def requested(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """The reply to a request with the cookie, or with other `headers`, as it comes."""
        host, port = self.started.host, self.started.port
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        usual = {"Cookie": self.cookie} if headers is None else headers
        origin = f"http://{self.started.parts.netloc}"
        connection.request(method, path, body, headers={"Origin": origin, **usual})
        with closing(connection), connection.getresponse() as reply:
            yield reply

    def status(self, method: str, path: str, headers: dict[str, str] | None = None) -> int:
        with self.requested(method, path, headers) as reply:
            return reply.status

    def page(self, path: str) -> str:
        with self.requested("GET", path) as reply:
            assert reply.status == 200
            return reply.read().decode()


@pytest.fixture
def console(cloud: Cloud, tmp_path: Path) -> Iterator[Console]:
    console = Console(cloud, tmp_path)
    yield console
    try:
        console.started.end()
    finally:
        console.started.kill()


def queues(catalog: DeployedCatalog) -> list[str]:
    sqs = catalog.session.client("sqs")
    prefix = watch_queue_prefix(catalog.stack)
    return sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])


def test_a_change_comes_to_the_page_and_nothing_stays(
    catalog: DeployedCatalog, console: Console
) -> None:
    wait_until(lambda: len(queues(catalog)) == 1)
    position = re.search('data-position="([^"]+)"', console.page("/"))
    assert position
    key = f"{uuid4()}/{HOSTILE}"
    with console.requested("GET", f"/events?after={position[1]}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"four")
        events = ""
        while key not in events:
            line = stream.readline().decode()
            assert line, events
            events += line
        assert "event: change\n" in events
        text = console.page("/")
        assert "&lt;img src=x" in text
        assert "<img" not in text

        assert console.status("POST", "/differences/verify") == 303
        wait_until(
            lambda: bool(re.search('data-badge="word"[^>]*>EQUAL', console.page("/differences")))
        )
        # The emulator's log has the calls of the functions.
        wait_until(lambda: " calls</text>" in console.page("/"))
        assert "<h1>" in console.page("/failures")

        console.started.process.send_signal(signal.SIGINT)
        assert console.started.process.wait(PATIENCE) == 130
        # The stream has ended, and the queue is gone.
        while stream.readline():
            pass
    assert queues(catalog) == []
    assert "Traceback" not in console.started.said


def test_an_upload_is_catalogued_deleted_and_undeleted(
    catalog: DeployedCatalog, console: Console
) -> None:
    folder = f"{uuid4()}/"
    names = [HOSTILE, "rtl\u202egpj.exe", "a+b%20c &?#/ü", "x" * 900, "large"]

    def rows() -> dict[str, dict[str, str]]:
        query = urlencode({"bucket": catalog.bucket, "folder": folder})
        return {
            row["href"]: row for row in json.loads(console.page(f"/catalog/rows?{query}"))["rows"]
        }

    def uploaded(name: str, **more: str) -> tuple[int, dict[str, str]]:
        named = {"bucket": catalog.bucket, "key": folder + name, **more}
        body = bytes(9 * 1024 * 1024 if name == "large" else 4)
        with console.requested("PUT", f"/upload?{urlencode(named)}", body=body) as reply:
            return reply.status, json.loads(reply.read())

    pages = {name: uploaded(name) for name in names}
    assert {status for status, _ in pages.values()} == {201}
    wait_until(lambda: set(rows()) == {found["href"] for _, found in pages.values()})
    assert [uploaded(name)[0] for name in (HOSTILE, "large")] == [409, 409]
    assert uploaded("large", overwrite="yes")[0] == 201

    page = pages[HOSTILE][1]["href"]
    form = urlencode({"bucket": catalog.bucket, "key": quote(folder + HOSTILE)}).encode()
    with console.requested("POST", "/object/delete", body=form) as reply:
        assert reply.status == 303
    wait_until(lambda: page not in rows())
    with console.requested("POST", "/object/undelete", body=form) as reply:
        assert reply.status == 303
    wait_until(lambda: page in rows())
    wait_until(lambda: "catalog and bucket agree" in console.page(page))
    # The totals follow.
    query = urlencode({"bucket": catalog.bucket, "folder": folder})
    wait_until(lambda: f"{len(names)} objects · 9.4 MB" in console.page(f"/catalog?{query}"))


def test_the_changes_have_a_price(catalog: DeployedCatalog, console: Console) -> None:
    wait_until(lambda: len(queues(catalog)) == 1)
    keys = [f"{uuid4()}/{n}" for n in range(3)]

    def row(text: str, *cells: str) -> bool:
        found = re.findall(r"<tr data-from.*?</tr>", text)
        return any(all(f">{cell}</td>" in each for cell in cells) for each in found)

    # Costs are read while a page is open.
    with console.requested("GET", "/events"):
        for key in keys:
            catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"four")

        def counted() -> bool:
            text = console.page("/cost")
            changes = re.search(r'<dd data-sum="changes">(\d+)</dd>', text)
            return (
                changes is not None
                # Other tests may have changed something meanwhile.
                and int(changes[1]) >= len(keys)
                and row(text, "Lambda", "Ingest", "request", "counted")
                and row(text, "Lambda", "Totals", "GB-second, arm64", "counted")
                and row(text, "SNS", "change feed", "FIFO message", "counted")
                and row(text, "DynamoDB", "rows", "write unit", "model")
            )

        wait_until(counted)
    text = console.page("/cost")
    assert re.search(r'<dd data-sum="million">\$\d+\.\d\d</dd>', text)
    [total] = re.findall(r'<dd data-sum="dollars">(\$[0-9.]+)</dd>', text)
    assert f'<span class="sum">{total}</span>' in text


def test_without_cookie_or_from_another_site_there_is_nothing(console: Console) -> None:
    assert console.status("GET", "/", {}) == 403
    assert console.status("GET", "/", {"Host": "evil.example"}) == 421
    forged = {"Origin": "http://evil.example", "Cookie": console.cookie}
    assert console.status("POST", "/differences/repair", forged) == 403
