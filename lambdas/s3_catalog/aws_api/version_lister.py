"""Amazon S3's ListObjectVersions, called like that of boto3's client."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus
from xml.parsers import expat

from botocore.exceptions import ResponseStreamingError

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.service import client_error

if TYPE_CHECKING:
    from s3_catalog.aws_api.http_transport import Reply
    from s3_catalog.aws_api.service import Service

_PARAMETERS = {
    "KeyMarker": "key-marker",
    "MaxKeys": "max-keys",
    "Prefix": "prefix",
    "VersionIdMarker": "version-id-marker",
}
_DEPTH_OF_ENTRY = 2
_ENCODED = {"Key", "KeyMarker", "NextKeyMarker", "Prefix"}
_LISTS = {"Version": "Versions", "DeleteMarker": "DeleteMarkers"}
_ENTRY: dict[str, Callable[[str], object]] = {
    "ChecksumType": str,
    "ETag": str,
    "IsLatest": "true".__eq__,
    "Key": str,
    "LastModified": datetime.fromisoformat,
    "Size": int,
    "StorageClass": str,
    "VersionId": str,
}
_RESTORE: dict[str, Callable[[str], object]] = {
    "IsRestoreInProgress": "true".__eq__,
    "RestoreExpiryDate": datetime.fromisoformat,
}
"""How the texts in an entry, and in its status of a restore, are read."""


class VersionLister:
    """A client that lists versions. `service` returns the endpoint of a bucket, by its name."""

    def __init__(self, service: "Callable[[str], Service]") -> None:
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
        return service.request(Request("GET", query, headers), _read)


def _read(reply: "Reply") -> dict[str, Any]:
    failed = reply.status >= HTTPStatus.MULTIPLE_CHOICES
    try:
        root, page = _parse(reply.body)
        if root == "ListVersionsResult" and not failed:
            return _decoded(page)
    except (expat.ExpatError, KeyError, ValueError) as error:
        if not failed:
            raise ResponseStreamingError(error=error) from error
        page = {}  # From a proxy or load balancer.
    code = page.get("Code", str(reply.status))
    raise client_error("ListObjectVersions", reply, code, page.get("Message", ""))


def _decoded(page: dict[str, Any]) -> dict[str, Any]:
    page["IsTruncated"] = page["IsTruncated"] == "true"
    if page.get("EncodingType") == "url":
        for holder in (page, *page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            for name in holder.keys() & _ENCODED:
                holder[name] = unquote_plus(holder[name])
    return page


def _add(entry: dict[str, Any], path: list[str], name: str, text: str) -> None:
    """Add the element `name` in `path` to the entry that it is in."""
    if path[-1] == "RestoreStatus" and name in _RESTORE:
        entry.setdefault("RestoreStatus", {})[name] = _RESTORE[name](text)
    elif len(path) == _DEPTH_OF_ENTRY and name == "ChecksumAlgorithm":
        entry.setdefault(name, []).append(text)
    elif len(path) == _DEPTH_OF_ENTRY and name in _ENTRY:
        entry[name] = _ENTRY[name](text)


def _parse(body: bytes) -> tuple[str, dict[str, Any]]:
    """Return the root's name and the elements in it: texts, and lists of versions.

    Raises ExpatError or ValueError for anything but a whole document of S3's.
    """
    page: dict[str, Any] = {}
    entry: dict[str, Any] = {}
    path: list[str] = []
    text = ""

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal text, entry
        path.append(name)
        text = ""
        if len(path) == _DEPTH_OF_ENTRY:
            entry = {}

    def characters(more: str) -> None:
        nonlocal text
        text += more

    def end(name: str) -> None:
        depth = len(path)
        path.pop()
        if depth > _DEPTH_OF_ENTRY:
            _add(entry, path, name, text)
        elif name in _LISTS:
            page.setdefault(_LISTS[name], []).append(entry)
        elif depth == _DEPTH_OF_ENTRY:
            page[name] = text
        else:
            page[""] = name

    def refuse(*_: object) -> None:
        raise ValueError("the reply has a document type, and so perhaps entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(body, True)
    return page.pop(""), page
