"""The simulated services behind our clients: each call becomes a signed HTTP request, and back.

The clients make one attempt, so that the simulation decides about each fault.
"""

import json
import re
from collections.abc import Callable, Mapping
from email.message import Message
from functools import cache, partial
from typing import Any, cast
from urllib.parse import parse_qsl, quote_plus
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.http_transport import Reply, Request, Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister

_CREDENTIALS = Credentials("none", "none", "none")

_PARAMETERS = {
    "prefix": "Prefix",
    "key-marker": "KeyMarker",
    "version-id-marker": "VersionIdMarker",
    "max-keys": "MaxKeys",
}


class _Wire(Transport):
    """Sends requests to `answer`, which returns status and body."""

    def __init__(self, answer: Callable[[Request], tuple[int, str]]) -> None:
        super().__init__("https://simulated", connect_timeout=1, read_timeout=1)
        self._answer = answer

    def send(self, request: Request) -> Reply:
        """Return the answer."""
        status, body = self._answer(request)
        return Reply(status, Message(), body.encode())


def dynamodb_of(table: object) -> Any:
    """Return our client of a simulated table."""

    def answer(request: Request) -> tuple[int, str]:
        operation = request.headers["x-amz-target"].partition(".")[2]
        method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            return 200, json.dumps(getattr(table, method)(**json.loads(request.body)))
        except ClientError as error:
            status, code, response = _read(error)
            more = {
                name: response[name] for name in ("Item", "CancellationReasons") if name in response
            }
            return status, json.dumps({"__type": f"simulated#{code}", "message": "", **more})

    return DynamoDB(_service("dynamodb", answer))


def s3_of(client: Any) -> Any:
    """Return our client of the buckets of a simulated one."""
    return VersionLister(cache(lambda bucket: _service("s3", partial(_list, client, bucket))))


def _list(client: Any, bucket: str, request: Request) -> tuple[int, str]:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    wanted: dict[str, Any] = {
        _PARAMETERS[name]: value for name, value in query.items() if name in _PARAMETERS
    }
    if optional := request.headers.get("x-amz-optional-object-attributes"):
        wanted["OptionalObjectAttributes"] = optional.split(",")
    if "MaxKeys" in wanted:
        wanted["MaxKeys"] = int(wanted["MaxKeys"])
    try:
        return 200, _document(client.list_object_versions(Bucket=bucket, **wanted))
    except ClientError as error:
        status, code, _ = _read(error)
        return status, f"<Error><Code>{code}</Code><Message/></Error>"


def _service(name: str, answer: Callable[[Request], tuple[int, str]]) -> Service:
    return Service(name, "us-east-1", lambda: _CREDENTIALS, _Wire(answer), attempts=1)


def _read(error: ClientError) -> tuple[int, str, dict[str, Any]]:
    response = cast("dict[str, Any]", error.response)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return status, response["Error"]["Code"], response


def _document(page: Mapping[str, Any]) -> str:
    parts = ["<ListVersionsResult><EncodingType>url</EncodingType>"]
    for name, value in page.items():
        if name in {"Versions", "DeleteMarkers"}:
            kind = name.removesuffix("s")
            parts += [f"<{kind}>{_elements(entry)}</{kind}>" for entry in value]
        else:
            parts.append(_elements({name: value}))
    return "".join([*parts, "</ListVersionsResult>"])


def _elements(entry: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_text(name, each)}</{name}>"
        for name, value in entry.items()
        for each in (value if isinstance(value, list) else [value])
    )


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return _elements(value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(quote_plus(value) if name.endswith(("Key", "KeyMarker")) else str(value))
