"""The connection to AWS: the session, its time-outs, and the explanation of its errors."""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from reinventure.printable import printable

CONFIG = Config(
    connect_timeout=5,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 3},
)
"""For a person at a terminal: an endpoint that does not answer fails within seconds."""


def session(profile: str | None = None, region: str | None = None) -> boto3.Session:
    """Return a session with this profile and region, by default those of the environment.

    Raises botocore's ProfileNotFound.
    """
    # The AWS CLI and the CDK read AWS_REGION; boto3 reads AWS_DEFAULT_REGION only.
    return boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))


def explain(error: ClientError | BotoCoreError) -> str:
    """Return one line with the reason of `error` and, for the common ones, a remedy."""
    if isinstance(error, ClientError):
        code = error.response["Error"].get("Code", "error")
        reason = f"{error.operation_name}: {code}: {error.response['Error'].get('Message', '')}"
        remedy = _REMEDIES.get(code)
    else:
        reason = str(error)
        remedy = _REMEDIES.get(type(error).__name__)
    text = f"{reason.rstrip('. ')}. {remedy}" if remedy else reason
    return printable(" ".join(text.split()))


_CREDENTIALS = (
    "Set AWS_PROFILE, or log in again, for an account; `source .local/env` for the local cloud."
)
_CONNECTION = (
    "Is the local cloud still up (`make up`)? Is AWS_ENDPOINT_URL left over from one that is not?"
)
_REMEDIES = {
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "TokenRetrievalError": _CREDENTIALS,
    "UnauthorizedSSOTokenError": _CREDENTIALS,
    "SSOTokenLoadError": _CREDENTIALS,
    "ProfileNotFound": "`aws configure list-profiles` shows those that exist.",
    "NoRegionError": "Set AWS_REGION, or use --region.",
    "InvalidClientTokenId": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "EndpointConnectionError": _CONNECTION,
    "ConnectTimeoutError": _CONNECTION,
    "ReadTimeoutError": _CONNECTION,
    "SSLError": _CONNECTION,
}
