"""Which errors are retried, after which delay, and how many: botocore's standard retry mode.

Source: "Retry behavior" in the AWS SDKs and Tools Reference Guide.
"""

import random
from ssl import SSLCertVerificationError
from threading import Lock

from botocore import exceptions

_CODES = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException"),
        *("TooManyRequestsException", "ProvisionedThroughputExceededException", "SlowDown"),
        *("TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded"),
        *("LimitExceededException", "RequestThrottled", "EC2ThrottledException"),
        *("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
        "ReplicatedWriteConflictException",
    }
)
_TRANSIENT_STATUS = frozenset({500, 502, 503, 504})

_MAX_DELAY = 20
"""Seconds."""

_CAPACITY = 500
_COST = 5
_COST_OF_TIMEOUT = 10


def retryable(error: exceptions.ClientError | exceptions.BotoCoreError) -> bool:
    """Return whether another attempt may succeed where this one raised `error`."""
    if isinstance(error, exceptions.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status in _TRANSIENT_STATUS or error.response["Error"]["Code"] in _CODES
    if isinstance(error.__cause__, SSLCertVerificationError):
        return False  # The next one would find the same certificate.
    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError))


def delay(attempt: int) -> float:
    """Return the seconds to wait after the `attempt`-th attempt, the first being 1."""
    return random.uniform(0, min(2 ** (attempt - 1), _MAX_DELAY))  # noqa: S311 (no secret)


class Quota:
    """The budget of a client's retries, which a service that fails for long uses up.

    From then on each request has one attempt. Successful requests fill the budget again.
    """

    def __init__(self) -> None:
        self._left = _CAPACITY
        self._lock = Lock()

    def take(self, error: Exception) -> int:
        """Return the cost of a retry after `error`, or 0 if the budget does not have it."""
        timeout = isinstance(error, (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError))
        cost = _COST_OF_TIMEOUT if timeout else _COST
        with self._lock:
            if cost > self._left:
                return 0
            self._left -= cost
        return cost

    def give_back(self, cost: int) -> None:
        """Add the `cost` of a retry that succeeded, or 1 for a first attempt that did."""
        if self._left < _CAPACITY:
            with self._lock:
                self._left = min(_CAPACITY, self._left + cost)
