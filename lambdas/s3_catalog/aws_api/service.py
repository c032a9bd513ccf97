"""Requests to one endpoint of an AWS service, attempted until a reply is read."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError

from s3_catalog.aws_api.http_transport import Reply, Request, Transport
from s3_catalog.aws_api.reply_content import content
from s3_catalog.aws_api.retry_rule import Quota, delay, retryable
from s3_catalog.aws_api.signature import Credentials, authorization

_CLOCK_ERRORS = frozenset(
    {
        *("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"),
        # These have other reasons as well: the time decides.
        *("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"),
    }
)
_MAX_SKEW = 240
"""Seconds. AWS refuses signatures that are five minutes off."""


@dataclass
class Service:
    """A service in a region, called by its signing name, such as "dynamodb".

    `credentials` returns those of the moment, and is called before each attempt. A request has at
    most `attempts`, with pauses between them.
    """

    name: str
    region: str
    credentials: Callable[[], Credentials]
    transport: Transport
    attempts: int
    sleep: Callable[[float], None] = time.sleep
    _quota: Quota = field(default_factory=Quota)
    _skew: float = 0

    def request(
        self, operation: str, request: Request, parse: Callable[[bytes], Any]
    ) -> dict[str, Any]:
        """Return what `parse` makes of the reply to `request`, which has the headers of its own.

        `parse` returns a dictionary, or raises ValueError or SyntaxError. Raises the error of the
        last attempt: ClientError or BotoCoreError.
        """
        digest = sha256(request.body).hexdigest()
        attempt = cost = 1
        while True:
            try:
                result = content(operation, self._send(request, digest), parse)
            except (ClientError, BotoCoreError) as error:
                again = self._adjust_clock(error) or retryable(error)
                if not again or attempt >= self.attempts:
                    raise
                cost = self._quota.take(error)
                if not cost:
                    raise
                self.sleep(delay(attempt))
                attempt += 1
            else:
                self._quota.give_back(cost)
                return result

    def _send(self, request: Request, digest: str) -> Reply:
        credentials = self.credentials()
        moment = time.gmtime(time.time() + self._skew)
        headers = {
            **request.headers,
            "host": self.transport.host,
            "x-amz-content-sha256": digest,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", moment),
        }
        if request.body:
            headers["content-length"] = str(len(request.body))
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        signed = replace(request, path=self.transport.path, headers=headers)
        scope = (self.region, self.name)
        headers["authorization"] = authorization(credentials, scope, signed, digest)
        reply = self.transport.send(signed)
        checksum = reply.headers.get("x-amz-crc32")
        if checksum is not None and crc32(reply.body) != int(checksum):
            raise ResponseStreamingError(error="the checksum of the reply is wrong")
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES and credentials.token:
            # The message about a wrong signature repeats the headers that were signed.
            return replace(reply, body=reply.body.replace(credentials.token.encode(), b"..."))
        return reply

    def _adjust_clock(self, error: ClientError | BotoCoreError) -> bool:
        """Take over the service's time if it refused ours; return whether it did and differs."""
        response = getattr(error, "response", {})
        date = response and response["ResponseMetadata"]["HTTPHeaders"].get("date")
        if not date or response["Error"]["Code"] not in _CLOCK_ERRORS:
            return False
        skew = parsedate_to_datetime(date).timestamp() - time.time()
        if abs(skew - self._skew) < _MAX_SKEW:
            return False
        self._skew = skew
        return True
