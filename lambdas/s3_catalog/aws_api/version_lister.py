"""Amazon S3's ListObjectVersions, called like that of boto3's client."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote_plus
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.service import Service

_PARAMETERS = {
    "KeyMarker": "key-marker",
    "MaxKeys": "max-keys",
    "Prefix": "prefix",
    "VersionIdMarker": "version-id-marker",
}
_LISTS = {"Version": "Versions", "DeleteMarker": "DeleteMarkers"}

_Readers = Mapping[str, tuple[str, Callable[[str], Any]]]

_READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("ETag", "VersionId", "NextVersionIdMarker"), str),
    **dict.fromkeys(("ChecksumType", "StorageClass"), str),
    **dict.fromkeys(("IsLatest", "IsRestoreInProgress", "IsTruncated"), "true".__eq__),
    **dict.fromkeys(("LastModified", "RestoreExpiryDate"), datetime.fromisoformat),
    "Size": int,
}
"""What the text of an element is read with, by its name. Keys may be encoded, and are not here."""


class VersionLister:
    """A client that lists versions. `service` returns the endpoint of a bucket, by its name."""

    def __init__(self, service: Callable[[str], Service]) -> None:
        self._service = service

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """List up to 1,000 versions of objects.

        Of the reply's elements it has those that the catalog reads. Raises botocore's ClientError
        or BotoCoreError, and KeyError for a parameter that it does not have.
        """
        service = self._service(request.pop("Bucket"))
        optional = ",".join(request.pop("OptionalObjectAttributes", ()))
        headers = {"x-amz-optional-object-attributes": optional} if optional else {}
        # Control characters, which keys may have, are not allowed in XML.
        parameters = {"encoding-type": "url", "versions": ""}
        parameters |= {_PARAMETERS[name]: str(value) for name, value in request.items()}
        query = "&".join(
            f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(parameters.items())
        )
        return service.request("ListObjectVersions", Request("GET", query, headers), _parse)


class _Builder(TreeBuilder):
    """Refuses documents with a type, which may have entities: AWS sends none."""

    def doctype(self, *_: object) -> None:
        raise ValueError("the reply has a document type")


def document(body: bytes) -> Element:
    """Return the root of the XML document `body`. Raises ValueError or ParseError."""
    parser = XMLParser(target=_Builder())  # noqa: S314 (it refuses entities)
    parser.feed(body)
    root: Element = parser.close()
    return root


def _parse(body: bytes) -> dict[str, Any]:
    root = document(body)
    if _name(root) == "ListVersionsResult":
        return _page(root)
    return {_name(element): element.text or "" for element in root}


def _page(root: Element) -> dict[str, Any]:
    encoded = root.findtext("{*}EncodingType") == "url"
    namespace = root.tag.removesuffix("ListVersionsResult")
    by_name = {**_READ, **dict.fromkeys(("Key", "NextKeyMarker"), unquote_plus if encoded else str)}
    readers = {f"{namespace}{name}": (name, read) for name, read in by_name.items()}
    page = _values(root, readers)
    if "IsTruncated" not in page:
        raise ValueError("the listing has no end")
    for child in root:
        if name := _LISTS.get(_name(child)):
            page.setdefault(name, []).append(_values(child, readers))
    return page


def _values(element: Element, readers: _Readers) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for child in element:
        if found := readers.get(child.tag):
            name, read = found
            values[name] = read(child.text or "")
        elif child.tag.endswith("ChecksumAlgorithm"):
            values.setdefault("ChecksumAlgorithm", []).append(child.text or "")
        elif child.tag.endswith("RestoreStatus"):
            values["RestoreStatus"] = _values(child, readers)
    return values


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
