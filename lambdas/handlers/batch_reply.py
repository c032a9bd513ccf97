"""The reply of a handler to a batch of messages or stream records."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

_MAX_ERRORS = 10
_MAX_ERROR_LENGTH = 1000
"""Characters. A reply has at most 6 MB, and few errors explain the others."""


class Failure(TypedDict):
    """One item that failed: the id of a queue's message, or a stream's sequence number."""

    itemIdentifier: str


class BatchReply(TypedDict):
    """The items that failed, which Lambda delivers again, and why.

    Lambda reads `batchItemFailures` only; `errors` is for a redrive by the command.
    Source: "Implementing partial batch responses" in the AWS Lambda Developer Guide.
    """

    batchItemFailures: list[Failure]
    errors: list[str]


def batch_reply(failures: Mapping[str, Iterable[str]]) -> BatchReply:
    """Return the reply for a batch of which `failures` failed: the reasons by item identifier."""
    reasons = [reason for of_item in failures.values() for reason in of_item]
    return {
        "batchItemFailures": [{"itemIdentifier": identifier} for identifier in failures],
        "errors": [reason[:_MAX_ERROR_LENGTH] for reason in reasons[:_MAX_ERRORS]],
    }
