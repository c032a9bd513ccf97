"""Uploads: streamed in bounded parts, whole or not at all, and refused where they must be."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import upload
from reinventure.console.served import Served
from tests import doubles
from tests.unit.console.asgi_browser import GONE, Browser, Reply
from tests.unit.console.conftest import opened

MIB = 1024 * 1024
KEYS = [
    "a/b.txt",
    "<img src=x onerror=alert(1)>",
    "rtl\u202egpj.exe",
    "line\r\nbreak\x1b[31m",
    "a%2Fb+c d",
    " ",
    "/",
    "🚀",
    "x" * 1024,
]


def address(catalog: DeployedCatalog, key: str, **more: str) -> str:
    return f"/upload?{urlencode({'bucket': catalog.bucket, 'key': key, **more})}"


def stored(catalog: DeployedCatalog, key: str) -> bytes | None:
    try:
        return catalog.s3.get_object(Bucket=catalog.bucket, Key=key)["Body"].read()
    except catalog.s3.exceptions.NoSuchKey:
        return None


def keys(catalog: DeployedCatalog) -> list[str]:
    found = catalog.s3.list_objects_v2(Bucket=catalog.bucket).get("Contents", [])
    return [each["Key"] for each in found]


def unfinished(catalog: DeployedCatalog) -> list[Any]:
    found: Any = catalog.s3.list_multipart_uploads(Bucket=catalog.bucket)
    return list(found.get("Uploads", []))


@pytest.fixture
def parts(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what is sent to S3 at once."""
    sizes: list[int] = []
    for name in ("put_object", "upload_part"):
        real = getattr(catalog.s3, name)

        def send(*, real: Any = real, **request: Any) -> Any:
            sizes.append(len(request["Body"]))
            return real(**request)

        monkeypatch.setattr(catalog.s3, name, send)
    return sizes


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_stored_as_it_is(browser: Browser, catalog: DeployedCatalog, key: str) -> None:
    reply = browser.put(address(catalog, key), [b"con", b"tent"], {"content-type": "text/plain"})
    assert reply.status == 201
    assert keys(catalog) == [key]
    found = catalog.s3.get_object(Bucket=catalog.bucket, Key=key)
    assert (found["Body"].read(), found["ContentType"]) == (b"content", "text/plain")
    # The way to it is ASCII.
    assert reply.content.isascii()
    assert b"<" not in reply.content


@pytest.mark.parametrize(
    ("key", "problem"), [("", "0 bytes"), ("x" * 1025, "1025 bytes"), ("ü" * 513, "1026 bytes")]
)
def test_a_key_that_s3_forbids(
    browser: Browser, catalog: DeployedCatalog, key: str, problem: str
) -> None:
    reply = browser.put(address(catalog, key), [b"content"])
    assert (reply.status, problem in reply.text) == (400, True)
    assert keys(catalog) == []


def test_an_empty_file(browser: Browser, catalog: DeployedCatalog) -> None:
    assert browser.put(address(catalog, "empty"), []).status == 201
    assert stored(catalog, "empty") == b""


def test_a_large_file_is_sent_in_parts(
    browser: Browser, catalog: DeployedCatalog, parts: list[int]
) -> None:
    chunk = bytes(range(256)) * 4096
    assert browser.put(address(catalog, "large"), [chunk] * 17).status == 201
    assert stored(catalog, "large") == chunk * 17
    # Never more than one part is in memory, however many chunks come.
    assert parts == [8 * MIB, 8 * MIB, MIB]


def test_a_file_of_exactly_one_part(
    browser: Browser, catalog: DeployedCatalog, parts: list[int]
) -> None:
    assert browser.put(address(catalog, "one"), [bytes(MIB)] * 8).status == 201
    assert parts == [8 * MIB]


def test_it_overwrites_only_if_it_is_to(browser: Browser, catalog: DeployedCatalog) -> None:
    browser.put(address(catalog, "k"), [b"first"])
    reply = browser.put(address(catalog, "k"), [b"second"])
    assert (reply.status, stored(catalog, "k")) == (409, b"first")
    assert browser.put(address(catalog, "k", overwrite="yes"), [b"second"]).status == 201
    assert stored(catalog, "k") == b"second"


@pytest.mark.parametrize("chunks", [[b"12345", GONE], [bytes(MIB)] * 9 + [GONE]])
def test_of_a_file_whose_sender_is_gone_nothing_stays(
    browser: Browser, catalog: DeployedCatalog, chunks: list[bytes]
) -> None:
    length = str(sum(map(len, chunks)) + 5)
    browser.put(address(catalog, "half"), chunks, {"content-length": length})
    assert (keys(catalog), unfinished(catalog)) == ([], [])


@pytest.mark.parametrize("size", [5, 9 * MIB])
@pytest.mark.parametrize("more", [-1, 1])
def test_a_body_has_the_length_that_it_says(
    browser: Browser, catalog: DeployedCatalog, size: int, more: int
) -> None:
    length = {"content-length": str(size - more)}
    reply = browser.put(address(catalog, "k"), [bytes(size)], length)
    assert (reply.status, keys(catalog), unfinished(catalog)) == (400, [], [])


def refused(browser: Browser, path: str, headers: dict[str, str]) -> Reply:
    return browser.put(path, [b"content"], headers)


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("", 411),
        ("-1", 411),
        ("x", 411),
        ("١", 411),  # noqa: RUF001 (a digit, but none of HTTP)
        (str(upload.MAX_BYTES + 1), 413),
    ],
)
def test_its_length_must_be_known_and_bounded(
    browser: Browser, catalog: DeployedCatalog, parts: list[int], length: str, status: int
) -> None:
    reply = refused(browser, address(catalog, "k"), {"content-length": length})
    assert (reply.status, parts) == (status, [])


def test_read_only_refuses_it(here: Served, catalog: DeployedCatalog) -> None:
    for local in (True, False):
        browser = opened(replace(here, local=local, read_only=True))
        assert refused(browser, address(catalog, "k", confirmed="yes"), {}).status == 403
        text = browser.get("/catalog").text
        assert 'type="file"' not in text
        assert "--read-only" in text
    assert keys(catalog) == []


def test_against_an_account_it_must_be_confirmed(here: Served, catalog: DeployedCatalog) -> None:
    browser = opened(replace(here, local=False))
    assert refused(browser, address(catalog, "k"), {}).status == 428
    assert keys(catalog) == []
    assert refused(browser, address(catalog, "k", confirmed="yes"), {}).status == 201
    text = browser.get("/catalog").text
    assert "<dialog" in text
    assert "This changes account 123456789012 in region us-east-1" in text
    assert "<dialog" not in opened(here).get("/catalog").text


def test_other_sites_and_other_buckets(browser: Browser, catalog: DeployedCatalog) -> None:
    path = address(catalog, "k")
    assert refused(browser, path, {"origin": "http://evil.example"}).status == 403
    assert refused(browser, path, {"origin": ""}).status == 403
    assert refused(browser, "/upload?bucket=private&key=k", {}).status == 400
    browser.cookies.clear()
    assert refused(browser, path, {}).status == 403
    assert keys(catalog) == []


def test_keys_outside_of_the_prefixes_of_an_attached_bucket(
    here: Served, catalog: DeployedCatalog
) -> None:
    outputs = replace(catalog.outputs, attached_buckets="attached/2026/")
    attached = replace(catalog, outputs=outputs)
    catalog.s3.create_bucket(Bucket="attached")
    browser = opened(replace(here, catalog=attached))
    reply = refused(browser, "/upload?bucket=attached&key=2025/x", {})
    assert (reply.status, "s3://attached/2026/ only" in reply.text) == (400, True)
    assert refused(browser, "/upload?bucket=attached&key=2026/x", {}).status == 201


def test_a_content_type_that_is_none_is_left_out(
    browser: Browser, catalog: DeployedCatalog
) -> None:
    for number, text in enumerate(["text/html; charset=x", "a b", "x" * 99 + "/y"]):
        key = str(number)
        assert refused(browser, address(catalog, key), {"content-type": text}).status == 201
        found = catalog.s3.get_object(Bucket=catalog.bucket, Key=key)
        assert found["ContentType"] == "binary/octet-stream"


def test_whether_a_key_exists(browser: Browser, catalog: DeployedCatalog) -> None:
    assert browser.get(address(catalog, "k")).text == '{"exists":false}'
    store = catalog.store()
    row = doubles.row("k", bucket=catalog.bucket)
    store.replace(None, row)
    assert browser.get(address(catalog, "k")).text == '{"exists":true}'
    store.replace(row, replace(row, size=None, etag=None, expires_at=1, asked_at=1))
    assert browser.get(address(catalog, "k")).text == '{"exists":false}'
    assert browser.get(address(catalog, "")).status == 400


def test_an_error_of_s3_is_said(browser: Browser, catalog: DeployedCatalog) -> None:
    catalog.s3.delete_bucket(Bucket=catalog.bucket)
    reply = browser.put(address(catalog, "k"), [b"content"])
    assert (reply.status, "NoSuchBucket" in reply.text) == (502, True)
