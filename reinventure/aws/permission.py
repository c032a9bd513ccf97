"""Refused requests: which permission is missing, and where."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from reinventure.errors import UserError

_CODES = ("403", "AccessDenied", "AccessDeniedException")
"""The error codes of services for a caller that lacks a permission."""


def refused(error: ClientError) -> bool:
    """Return whether the caller lacks a permission."""
    return error.response["Error"].get("Code") in _CODES


@contextmanager
def needed(action: str, where: str) -> Iterator[None]:
    """Raise UserError with `action`, such as `s3:GetBucketVersioning`, if AWS does not allow it.

    `where` is what the permission is for. Other errors pass.
    """
    try:
        yield
    except ClientError as error:
        if not refused(error):
            raise
        raise UserError(f"{action} on {where} is not allowed: you need this permission") from None
