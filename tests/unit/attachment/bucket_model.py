"""S3 as far as the notification configuration of one bucket goes, behind botocore's own client."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree as ET

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
SWITCH = "<EventBridgeConfiguration/>"


def document(*elements: str) -> bytes:
    """A notification configuration with `elements`."""
    content = "".join(elements)
    root = "NotificationConfiguration"
    return f'<{root} xmlns="{XMLNS}">{content}</{root}>'.encode()


class BucketModel:
    """A bucket of account 123456789012 in us-east-1; requests of `client` come here.

    Requests are counted from 0. `before[n]` are other writers, right before request n. `faults[n]`
    is the HTTP status that request n gets; "lost" is no answer, after its effect.
    """

    def __init__(self, client: "S3Client") -> None:
        hooks = cast("Any", client.meta.events)  # Its stubs have no events with an answer.
        hooks.register_first("before-send.s3", self._answer)
        self.reset()

    def reset(self, content: bytes = document()) -> None:
        """Start over with the configuration `content`."""
        self.content = content
        self.location = ""
        self.before: dict[int, list[Callable[[], None]]] = defaultdict(list)
        self.faults: dict[int, int | str] = {}
        self.requests: list[tuple[str, bytes]] = []
        """Method, and the configuration that was read or written."""
        self.headers: list[dict[str, str]] = []

    def _answer(self, request: AWSPreparedRequest, **_event: object) -> AWSResponse:
        number = len(self.requests)
        for other in self.before[number]:
            other()
        fault = self.faults.get(number)
        self.headers.append(
            {
                name.lower(): value.decode() if isinstance(value, bytes) else str(value)
                for name, value in request.headers.items()
            }
        )
        method = "LOCATE" if "location" in request.url else str(request.method)
        status, answer, body = 200, b"", b""
        if method == "PUT":
            assert isinstance(request.body, bytes)
            body = request.body
        if isinstance(fault, int):
            status, answer = fault, b"<Error><Code>Fault%d</Code></Error>" % fault
        elif method == "LOCATE":
            answer = f"<LocationConstraint>{self.location}</LocationConstraint>".encode()
        elif method == "PUT":
            self.content = _as_s3_keeps_it(body)
        else:
            answer = self.content
        self.requests.append((method, body if method == "PUT" else answer))
        if fault == "lost":
            raise ReadTimeoutError(endpoint_url=request.url)
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(answer))


def _as_s3_keeps_it(content: bytes) -> bytes:
    # In another order and form, which must not count as a difference.
    root = ET.fromstring(content)  # noqa: S314 (the tests' own)
    root[:] = reversed(list(root))
    ET.register_namespace("", XMLNS)
    text = ET.tostring(root, encoding="unicode").replace("><", ">\n<")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


class _Raw(BytesIO):
    """A body as urllib3 has it."""

    def stream(self, *_size: Any, **_options: Any) -> Iterator[bytes]:
        """Yield the rest of the body."""
        while chunk := self.read():
            yield chunk
