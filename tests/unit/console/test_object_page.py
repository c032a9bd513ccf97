"""The page of one object: what is known of it, its picture, and delete and undelete."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import object_changes, picture
from reinventure.console.place import folder_text
from reinventure.console.served import Served
from reinventure.errors import UserError
from s3_catalog.model.inspection_result import InspectionResult
from tests import doubles
from tests.unit.console.asgi_browser import Browser, Reply
from tests.unit.console.conftest import opened
from tests.unit.console.pictures import GIF, PRETENDERS, png

HOSTILE = '"><img src=x onerror=alert(1)>\u202e\n.txt'


def catalogued(catalog: DeployedCatalog, key: str, **attributes: object) -> None:
    row = doubles.row(key, bucket=catalog.bucket, **attributes)
    assert catalog.store().replace(None, row)


def put(catalog: DeployedCatalog, key: str, content: bytes = b"content") -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=content)


def shown(browser: Browser, catalog: DeployedCatalog, key: str, path: str = "/object") -> Reply:
    return browser.get(f"{path}?{urlencode({'bucket': catalog.bucket, 'key': key})}")


def sent(browser: Browser, catalog: DeployedCatalog, action: str, key: str) -> Reply:
    """Send the form of the page."""
    form = {"bucket": catalog.bucket, "key": folder_text(key)}
    return browser.post(f"/object/{action}", form)


def current(catalog: DeployedCatalog, key: str) -> bytes | None:
    try:
        return catalog.s3.get_object(Bucket=catalog.bucket, Key=key)["Body"].read()
    except catalog.s3.exceptions.NoSuchKey:
        return None


def test_all_that_is_known(browser: Browser, catalog: DeployedCatalog) -> None:
    catalogued(
        catalog,
        "a/b.csv",
        size=1234567,
        etag="<e>",
        requester="AWS:AROA:alice",
        source_ip="203.0.113.9",
        storage_class="GLACIER",
        restore="IN_PROGRESS",
        inspected=InspectionResult("2026-11-23T12:00:00.000Z", rows=12345, content_type="text/csv"),
    )
    text = shown(browser, catalog, "a/b.csv").text
    for name, value in {
        "size": "1,234,567 bytes",
        "etag": "&lt;e&gt;",
        "requester": "AWS:AROA:alice",
        "source IP": "203.0.113.9",
        "storage class": "GLACIER",
        "restore": "in progress",
        "rows": "12,345",
        "content type": "text/csv",
    }.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in text
    # Its life, and the folder that it is in.
    assert f'href="/key?bucket={catalog.bucket}&amp;key=a%2Fb.csv"' in text
    assert f'href="/catalog?bucket={catalog.bucket}&amp;folder=a%2F"' in text
    # No object has this row.
    assert "Catalog and bucket differ about this key" in text


def test_hostile_keys_are_text_and_stay_themselves(
    browser: Browser, catalog: DeployedCatalog
) -> None:
    put(catalog, HOSTILE)
    text = shown(browser, catalog, HOSTILE).text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "\\u202e\\n.txt" in text
    assert f'name="key" value="{folder_text(HOSTILE)}"' in text
    assert sent(browser, catalog, "delete", HOSTILE).status == 303
    assert current(catalog, HOSTILE) is None


def test_delete_and_undelete(browser: Browser, catalog: DeployedCatalog) -> None:
    put(catalog, "k", b"first")
    put(catalog, "k", b"second")
    assert ">Undelete</button>" not in shown(browser, catalog, "k").text
    reply = sent(browser, catalog, "delete", "k")
    assert reply.headers["location"] == f"/object?bucket={catalog.bucket}&key=k"
    assert current(catalog, "k") is None
    # A second delete adds a second marker.
    sent(browser, catalog, "delete", "k")
    text = shown(browser, catalog, "k").text
    assert text.count("delete marker</b>") == 2
    assert ">Undelete</button>" in text
    assert ">Delete</button>" not in text
    assert sent(browser, catalog, "undelete", "k").status == 303
    assert current(catalog, "k") == b"second"
    # Of an object that is there, nothing is removed.
    sent(browser, catalog, "undelete", "k")
    assert len(catalog.stored().versions("k", 10)) == 2


def test_what_cannot_be_undeleted(catalog: DeployedCatalog) -> None:
    with pytest.raises(UserError, match="has no version of it"):
        object_changes.undelete(catalog.s3, catalog.bucket, "never")
    put(catalog, "marker")
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="marker")
    [_, version] = catalog.stored().versions("marker", 10)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="marker", VersionId=version.version_id)
    with pytest.raises(UserError, match="has no version of it"):
        object_changes.undelete(catalog.s3, catalog.bucket, "marker")
    assert len(catalog.stored().versions("marker", 10)) == 1


@pytest.mark.parametrize("action", ["delete", "undelete"])
def test_an_account_asks_and_read_only_refuses(
    here: Served, catalog: DeployedCatalog, action: str
) -> None:
    put(catalog, "k")
    if action == "undelete":
        catalog.s3.delete_object(Bucket=catalog.bucket, Key="k")
    before = catalog.stored().versions("k", 10)
    asked = sent(opened(replace(here, local=False)), catalog, action, "k")
    assert (asked.status, f"{action.title()} this object?" in asked.text) == (200, True)
    assert f"s3://{catalog.bucket}/k" in asked.text
    for local in (True, False):
        browser = opened(replace(here, local=local, read_only=True))
        assert sent(browser, catalog, action, "k").status == 403
        assert "disabled" in shown(browser, catalog, "k").text
    assert catalog.stored().versions("k", 10) == before
    form = {"bucket": catalog.bucket, "key": "k", "confirmed": "yes"}
    opened(replace(here, local=False)).post(f"/object/{action}", form)
    assert catalog.stored().versions("k", 10) != before


@pytest.mark.parametrize("action", ["delete", "undelete"])
def test_no_other_site_and_no_other_bucket(
    browser: Browser, catalog: DeployedCatalog, action: str
) -> None:
    catalog.s3.create_bucket(Bucket="private")
    catalog.s3.put_object(Bucket="private", Key="k")
    reply = browser.post(f"/object/{action}", {"bucket": "private", "key": "k"})
    assert "s3://private is not in the catalog" in reply.text
    assert shown(browser, replace(catalog, chosen="private"), "k").status == 502
    assert catalog.s3.list_objects_v2(Bucket="private")["KeyCount"] == 1
    put(catalog, "k")
    form = {"bucket": catalog.bucket, "key": "k"}
    foreign = browser.post(f"/object/{action}", form, {"origin": "http://evil.example"})
    assert foreign.status == 403
    assert current(catalog, "k")


def test_a_key_that_is_nowhere(browser: Browser, catalog: DeployedCatalog) -> None:
    reply = shown(browser, catalog, "nowhere")
    assert reply.status == 404
    assert "It is neither in the catalog nor in the bucket." in reply.text
    assert "the address has no key" in shown(browser, catalog, "").text


@pytest.mark.parametrize(("content", "content_type"), [(png(), "image/png"), (GIF, "image/gif")])
def test_a_picture_has_the_type_of_its_bytes(
    browser: Browser, catalog: DeployedCatalog, content: bytes, content_type: str
) -> None:
    # Whatever its name and its uploader say.
    catalog.s3.put_object(
        Bucket=catalog.bucket, Key="x.html", Body=content, ContentType="text/html"
    )
    reply = shown(browser, catalog, "x.html", "/object/picture")
    assert (reply.status, reply.content) == (200, content)
    assert reply.headers["content-type"] == content_type
    assert reply.headers["x-content-type-options"] == "nosniff"
    policies = reply.headers.getlist("content-security-policy")
    assert "default-src 'none'; sandbox" in policies
    # That of all pages holds besides.
    assert len(policies) == 2


@pytest.mark.parametrize("name", PRETENDERS)
def test_of_what_is_no_picture_nothing_is_sent(
    browser: Browser, catalog: DeployedCatalog, name: str
) -> None:
    catalog.s3.put_object(
        Bucket=catalog.bucket, Key=name, Body=PRETENDERS[name], ContentType="image/png"
    )
    reply = shown(browser, catalog, name, "/object/picture")
    assert (reply.status, reply.content) == (204, b"")


def test_a_picture_that_is_too_large_is_not_sent(
    browser: Browser, catalog: DeployedCatalog
) -> None:
    put(catalog, "x.png", png() + bytes(picture.MAX_BYTES))
    assert shown(browser, catalog, "x.png", "/object/picture").status == 204
    put(catalog, "y.png", png() + bytes(picture.MAX_BYTES - len(png())))
    assert shown(browser, catalog, "y.png", "/object/picture").status == 200


def test_a_picture_that_is_gone_or_of_another_bucket(
    browser: Browser, catalog: DeployedCatalog
) -> None:
    assert shown(browser, catalog, "gone.png", "/object/picture").status == 502
    other = replace(catalog, chosen="private")
    assert shown(browser, other, "k.png", "/object/picture").status == 204


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"key": "a.PNG"}, True),
        ({"key": "a.svg"}, False),
        ({"key": "a.txt"}, False),
        ({"key": "a.png", "size": 2_097_153}, False),
        ({"key": "a.png", "size": 0}, False),
        ({"key": "a.png", "size": None, "etag": None, "expires_at": 1}, False),
        ({"key": "a", "inspected": InspectionResult("", content_type="image/webp")}, True),
        ({"key": "a.png", "inspected": InspectionResult("", content_type="text/html")}, False),
        ({"key": "a.png", "inspected": InspectionResult("", content_type="image/tiff")}, False),
    ],
)
def test_what_may_be_a_picture(attributes: dict[str, object], expected: bool) -> None:
    assert picture.may_be(doubles.row(**{"size": 9, **attributes})) == expected  # type: ignore[arg-type]
