"""The same errors are retried as in botocore's standard mode."""

from typing import Any, cast

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.retries import quota, standard
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.aws_api.retry_rule import Quota, delay, retryable

OPERATIONS = {
    "dynamodb": (
        *("PutItem", "GetItem", "UpdateItem", "Query", "BatchGetItem"),
        *("TransactWriteItems", "BatchExecuteStatement"),
    ),
    "s3": ("ListObjectVersions",),
}
MODELS = [
    botocore.session.Session().get_service_model(service).operation_model(operation)
    for service, operations in OPERATIONS.items()
    for operation in operations
]
CODES = sorted(
    {
        *(error.name for model in MODELS for error in model.error_shapes),
        *cast("Any", standard.ThrottledRetryableChecker)._THROTTLED_ERROR_CODES,
        *cast("Any", standard.TransientRetryableChecker)._TRANSIENT_ERROR_CODES,
        *("ConditionalCheckFailedException", "TransactionCanceledException", "AccessDenied"),
        *("ValidationException", "NoSuchBucket", "InternalError", "TransactionConflictException"),
    }
)


@pytest.mark.parametrize("code", CODES)
def test_an_error_of_a_service_is_retried_like_botocores(code: str) -> None:
    for status in (200, 301, 400, 403, 404, 409, 429, 500, 501, 502, 503, 504):
        response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        http = AWSResponse("url", status, HTTPHeaders(), None)
        expected = any(
            standard.StandardRetryConditions().is_retryable(
                standard.RetryContext(1, model, response, http)
            )
            for model in MODELS
        )
        assert retryable(ClientError(response, "GetItem")) is expected, status


def test_pauses_grow_to_a_limit_and_are_random() -> None:
    for attempt, most in ((1, 1), (2, 2), (3, 4), (9, 20)):
        pauses = [delay(attempt) for _ in range(200)]
        assert 0 <= min(pauses) < most / 4
        assert most * 3 / 4 < max(pauses) <= most


@given(st.lists(st.sampled_from(["success", "retry", "timeout"]), max_size=300))
def test_the_budget_is_botocores(events: list[str]) -> None:
    ours, theirs = Quota(), quota.RetryQuota()
    for event in events:
        if event == "success":
            ours.give_back(1)
            theirs.release(1)
        else:
            timeout = event == "timeout"
            error = ReadTimeoutError if timeout else ConnectionClosedError
            cost = 10 if timeout else 5
            taken = ours.take(error(endpoint_url="url"))
            assert taken == (cost if theirs.acquire(cost) else 0)
