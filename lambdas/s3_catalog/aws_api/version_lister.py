"""Amazon S3's ListObjectVersions, called like that of boto3's client."""

from collections.abc import Callable
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
_TEXTS = {"ChecksumType", "ETag", "Key", "NextKeyMarker", "NextVersionIdMarker"}
_TEXTS |= {"StorageClass", "VersionId"}
_BOOLEANS = {"IsLatest", "IsRestoreInProgress", "IsTruncated"}
_TIMES = {"LastModified", "RestoreExpiryDate"}


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
    """Refuses documents with a type, which may have entities: S3 sends none."""

    def doctype(self, *_: object) -> None:
        raise ValueError("the reply has a document type")


def _parse(body: bytes) -> dict[str, Any]:
    parser = XMLParser(target=_Builder())  # noqa: S314 (it refuses entities)
    parser.feed(body)
    root = parser.close()
    if _name(root) == "ListVersionsResult":
        return _page(root)
    return {_name(element): element.text or "" for element in root}


def _page(root: Element) -> dict[str, Any]:
    encoded = root.findtext("{*}EncodingType") == "url"
    decode = unquote_plus if encoded else str
    page = _values(root, decode)
    if "IsTruncated" not in page:
        raise ValueError("the listing has no end")
    for child in root:
        if name := _LISTS.get(_name(child)):
            page.setdefault(name, []).append(_values(child, decode))
    return page


def _values(element: Element, decode: Callable[[str], str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for child in element:
        name, text = _name(child), child.text or ""
        if name in _TEXTS:
            values[name] = decode(text) if name.endswith(("Key", "KeyMarker")) else text
        elif name in _BOOLEANS:
            values[name] = text == "true"
        elif name in _TIMES:
            values[name] = datetime.fromisoformat(text)
        elif name == "Size":
            values[name] = int(text)
        elif name == "ChecksumAlgorithm":
            values.setdefault(name, []).append(text)
        elif name == "RestoreStatus":
            values[name] = _values(child, decode)
    return values


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
