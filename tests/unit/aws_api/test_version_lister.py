"""Listings of versions: the request, and the reply read like botocore's parser reads it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore import handlers
from botocore.exceptions import ClientError, ResponseStreamingError
from botocore.parsers import RestXMLParser
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.aws_api import version_lister
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister
from tests.unit.aws_api.faulty_server import Answer, FaultyServer, faulty_server, reply

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OPERATION = botocore.session.Session().get_service_model("s3").operation_model("ListObjectVersions")
READ = {
    *("IsTruncated", "Versions", "DeleteMarkers", "NextKeyMarker", "NextVersionIdMarker"),
    *("Key", "VersionId", "IsLatest", "LastModified", "ETag", "Size", "StorageClass"),
    *("ChecksumAlgorithm", "ChecksumType", "RestoreStatus"),
}
"""The elements that the catalog reads, or may read."""

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
ENTRIES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["Version", "DeleteMarker"]),
        "key": KEYS,
        "version": st.sampled_from(["null", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40"]),
        "latest": st.booleans(),
        "modified": st.datetimes(datetime(2006, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
        "size": st.integers(0, 2**43),
        "owner": st.booleans(),
        "restore": st.sampled_from(
            [
                "",
                "<IsRestoreInProgress>true</IsRestoreInProgress>",
                "<RestoreExpiryDate>2026-12-01T00:00:00.000Z</RestoreExpiryDate>",
            ]
        ),
        "checksums": st.lists(st.sampled_from(["CRC32", "SHA256", "CRC64NVME"]), max_size=2),
    }
)


def document(entries: list[dict[str, Any]], truncated: bool, encoded: bool = True) -> str:
    def key(text: str) -> str:
        return escape(quote_plus(text, safe="/*") if encoded else text)

    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult xmlns="{NAMESPACE}">']
    parts.append("<Name>bucket</Name><Prefix></Prefix><KeyMarker/><MaxKeys>1000</MaxKeys>")
    parts += ["<EncodingType>url</EncodingType>"] if encoded else []
    parts.append(f"<IsTruncated>{str(truncated).lower()}</IsTruncated>")
    if truncated:
        last = entries[-1]
        parts.append(f"<NextKeyMarker>{key(last['key'])}</NextKeyMarker>")
        parts.append(f"<NextVersionIdMarker>{last['version']}</NextVersionIdMarker>")
    for entry in entries:
        modified = entry["modified"].isoformat(timespec="milliseconds")
        parts.append(
            f"<{entry['kind']}><Key>{key(entry['key'])}</Key>"
            f"<VersionId>{entry['version']}</VersionId>"
            f"<IsLatest>{str(entry['latest']).lower()}</IsLatest>"
            f"<LastModified>{modified}Z</LastModified>"
        )
        if entry["kind"] == "Version":
            parts.append(
                "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e-3&quot;</ETag>"
                f"<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>{entry['size']}</Size>"
                "<StorageClass>STANDARD</StorageClass>"
            )
            if entry["restore"]:
                parts.append(f"<RestoreStatus>{entry['restore']}</RestoreStatus>")
            parts += [
                f"<ChecksumAlgorithm>{each}</ChecksumAlgorithm>" for each in entry["checksums"]
            ]
        if entry["owner"]:
            parts.append("<Owner><ID>id</ID><DisplayName>Key</DisplayName></Owner>")
        parts.append(f"</{entry['kind']}>\n")
    return "".join([*parts, "</ListVersionsResult>"])


def botocores(body: bytes) -> dict[str, Any]:
    shape = OPERATION.output_shape
    assert shape
    parsed = RestXMLParser().parse({"status_code": 200, "headers": {}, "body": body}, shape)
    handlers.decode_list_object_versions(parsed, {"encoding_type_auto_set": True})
    return dict(parsed)


def read_only(page: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [read_only(entry) for entry in value]
        if name in {"Versions", "DeleteMarkers"}
        else value
        for name, value in page.items()
        if name in READ
    }


@given(entries=st.lists(ENTRIES, max_size=6), truncated=st.booleans())
def test_a_page_is_read_like_botocores(entries: list[dict[str, Any]], truncated: bool) -> None:
    body = document(entries, truncated and bool(entries)).encode()
    ours = version_lister._parse(body)
    assert read_only(ours) == read_only(botocores(body))


def test_keys_that_the_server_did_not_encode_stay() -> None:
    entry = {"kind": "Version", "key": "50%25+1", "version": "null", "latest": True}
    entry |= {"modified": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), "size": 1}
    body = document(
        [{**entry, "owner": False, "restore": "", "checksums": []}], truncated=True, encoded=False
    ).encode()
    page = version_lister._parse(body)
    assert page["Versions"][0]["Key"] == page["NextKeyMarker"] == "50%25+1"


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


def lister(server: FaultyServer, attempts: int = 1) -> VersionLister:
    def service(bucket: str) -> Service:
        return Service(
            "s3",
            "eu-west-1",
            lambda: Credentials("a", "b"),
            Transport(f"{server.url}/{bucket}", 2, 2),
            attempts=attempts,
            sleep=pauses.append,
        )

    pauses: list[float] = []
    return VersionLister(service)


EMPTY = document([], truncated=False).encode()


def test_a_request_has_its_parameters_sorted_and_encoded(server: FaultyServer) -> None:
    server.script = [Answer(reply(EMPTY))]
    page = lister(server).list_object_versions(
        Bucket="bucket",
        Prefix="a b/ä&=",
        KeyMarker="k+~",
        VersionIdMarker="v/",
        MaxKeys=1,
        OptionalObjectAttributes=["RestoreStatus"],
    )
    assert server.requests[0].headers["x-amz-optional-object-attributes"] == "RestoreStatus"
    assert page["IsTruncated"] is False
    assert "Versions" not in page
    method, target, _ = server.requests[0].line.split(" ")
    assert method == "GET"
    assert target == (
        "/bucket?encoding-type=url&key-marker=k%2B~&max-keys=1&prefix=a%20b%2F%C3%A4%26%3D"
        "&version-id-marker=v%2F&versions="
    )
    assert dict(parse_qsl(target))["prefix"] == "a b/ä&="


def test_a_parameter_that_it_does_not_have_is_refused(server: FaultyServer) -> None:
    with pytest.raises(KeyError, match="Delimiter"):
        lister(server).list_object_versions(Bucket="bucket", Delimiter="/")


HOSTILE = {
    "entities": (
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        "<ListVersionsResult><IsTruncated>false</IsTruncated><Name>&b;</Name></ListVersionsResult>"
    ),
    "external entity": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        "<ListVersionsResult><IsTruncated>false</IsTruncated><Name>&x;</Name></ListVersionsResult>"
    ),
    "external document type": (
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><ListVersionsResult>'
        "<IsTruncated>false</IsTruncated></ListVersionsResult>"
    ),
    "truncated": EMPTY.decode()[:-5],
    "empty": "",
    "two documents": EMPTY.decode() + "<a/>",
    "no XML": "{}",
    "no number": (
        "<ListVersionsResult><IsTruncated>false</IsTruncated>"
        "<Version><Size>many</Size></Version></ListVersionsResult>"
    ),
    "without an end": "<ListVersionsResult></ListVersionsResult>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_damaged_reply_is_refused(server: FaultyServer, name: str) -> None:
    server.script = [Answer(reply(HOSTILE[name].encode()))] * 2
    with pytest.raises(ResponseStreamingError):
        lister(server, attempts=2).list_object_versions(Bucket="bucket")
    assert len(server.requests) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_entities_are_refused_in_every_encoding(server: FaultyServer, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>{HOSTILE["entities"]}'.encode(encoding)
    server.script = [Answer(reply(body))]
    with pytest.raises(ResponseStreamingError):
        lister(server).list_object_versions(Bucket="bucket")


@pytest.mark.parametrize("status", ["404 Not Found", "200 OK"])
def test_an_error_has_the_code_of_s3(server: FaultyServer, status: str) -> None:
    body = (
        b"<Error><Code>NoSuchBucket</Code><Message>why</Message><BucketName>b</BucketName></Error>"
    )
    server.script = [Answer(reply(body, status, "x-amz-request-id: id"))]
    with pytest.raises(ClientError, match="NoSuchBucket") as raised:
        lister(server).list_object_versions(Bucket="bucket")
    assert raised.value.response["Error"] == {"Code": "NoSuchBucket", "Message": "why"}
    assert raised.value.response["ResponseMetadata"]["RequestId"] == "id"
    assert raised.value.operation_name == "ListObjectVersions"


@pytest.mark.parametrize("body", [b"", b"<html><br></html>"])
def test_an_error_without_a_code_has_its_status_and_is_retried(
    server: FaultyServer, body: bytes
) -> None:
    server.script = [Answer(reply(body, "503 Slow Down"))] * 2
    with pytest.raises(ClientError, match="503"):
        lister(server, attempts=2).list_object_versions(Bucket="bucket")
    assert len(server.requests) == 2
