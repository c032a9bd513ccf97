"""Requests to one endpoint of an AWS service, attempted until a reply is read."""

import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from itertools import count
from typing import TypeVar
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError

from s3_catalog.aws_api.http_transport import Reply, Request, Transport
from s3_catalog.aws_api.retry_rule import Quota, delay, retryable
from s3_catalog.aws_api.signature import Credentials, authorization

_T = TypeVar("_T")

_CLOCK_ERRORS = frozenset(
    {
        *("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"),
        # These have other reasons as well: the time decides.
        *("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"),
    }
)
_MAX_SKEW = 240
"""Seconds. AWS refuses signatures that are five minutes off."""


class Service:
    """A service in a region, called by its signing name, such as "dynamodb".

    `credentials` returns those of the moment, and is called before each attempt. A request has at
    most `attempts`, with pauses between them.
    """

    def __init__(
        self,
        name: str,
        region: str,
        credentials: Callable[[], Credentials],
        transport: Transport,
        *,
        attempts: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._scope = (region, name)
        self._credentials = credentials
        self._transport = transport
        self._attempts = attempts
        self._sleep = sleep
        self._quota = Quota()
        self._skew = 0.0

    def request(self, request: Request, read: Callable[[Reply], _T]) -> _T:
        """Return what `read` makes of the reply to `request`, which has the headers of its own.

        `read` raises ClientError for an error of the service, and ResponseStreamingError when it
        cannot parse the reply. Raises the error of the last attempt: ClientError or BotoCoreError.
        """
        digest = sha256(request.body).hexdigest()
        cost = 1
        for attempt in count(1):
            try:
                result = read(self._send(request, digest))
            except (ClientError, BotoCoreError) as error:
                adjusted = isinstance(error, ClientError) and self._adjust_clock(error)
                if attempt >= self._attempts or not (adjusted or retryable(error)):
                    raise
                cost = self._quota.take(error)
                if not cost:
                    raise
                if not adjusted:
                    self._sleep(delay(attempt))
            else:
                self._quota.give_back(cost)
                return result
        raise AssertionError("the last attempt returns or raises")

    def _send(self, request: Request, digest: str) -> Reply:
        credentials = self._credentials()
        moment = time.gmtime(time.time() + self._skew)
        headers = {
            **request.headers,
            "host": self._transport.host,
            "x-amz-content-sha256": digest,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", moment),
        }
        if request.body:
            headers["content-length"] = str(len(request.body))
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        signed = replace(request, path=self._transport.path, headers=headers)
        headers["authorization"] = authorization(credentials, self._scope, signed, digest)
        reply = self._transport.send(signed)
        checksum = reply.headers.get("x-amz-crc32")
        if checksum is not None and crc32(reply.body) != int(checksum):
            raise ResponseStreamingError(error="the checksum of the reply is wrong")
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES and credentials.token:
            # The message about a wrong signature repeats the headers that were signed.
            return replace(reply, body=reply.body.replace(credentials.token.encode(), b"..."))
        return reply

    def _adjust_clock(self, error: ClientError) -> bool:
        """Take over the service's time if it refused ours; return whether it did and differs."""
        date = error.response["ResponseMetadata"]["HTTPHeaders"].get("date")
        if date is None or error.response["Error"]["Code"] not in _CLOCK_ERRORS:
            return False
        skew = parsedate_to_datetime(date).timestamp() - time.time()
        if abs(skew - self._skew) < _MAX_SKEW:
            return False
        self._skew = skew
        return True


def client_error(
    operation: str, reply: Reply, code: str, message: str, kind: type[ClientError] = ClientError
) -> ClientError:
    """Return the exception for the error `code` in `reply`, with the attributes of botocore's."""
    headers = {name.lower(): value for name, value in reply.headers.items()}
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "RequestId": headers.get("x-amzn-requestid") or headers.get("x-amz-request-id", ""),
            "HTTPStatusCode": reply.status,
            "HTTPHeaders": headers,
        },
    }
    return kind(response, operation)  # type: ignore[arg-type]
