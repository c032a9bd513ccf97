"""The connection to AWS: the session, its time-outs, and the explanation of its errors."""

import os
import re
import ssl
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws import environment_session
from reinventure.aws.environment_session import EnvironmentSession
from reinventure.errors import UserError
from reinventure.printable import printable

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config


def config(**changes: Any) -> "Config":
    """Return the configuration of a client, with `changes` as parameters of botocore's Config.

    For a person at a terminal: an endpoint that does not answer fails within seconds.
    """
    # Imported with the first client: the help needs none.
    from botocore.config import Config  # noqa: PLC0415

    usual: dict[str, Any] = {
        "connect_timeout": 5,
        "max_pool_connections": 32,
        "retries": {"mode": "standard", "total_max_attempts": 3},
    }
    return Config(**{**usual, **changes})


def session(profile: str | None = None, region: str | None = None) -> "boto3.Session":
    """Return a session with this profile and region, by default those of the environment.

    Raises botocore's ProfileNotFound, and UserError for an invalid endpoint or CA bundle.
    """
    own_region = environment_session.region_of(profile, region, os.environ)
    if own_region is None:
        return _full_session(profile, region)
    _check_endpoints(_variables())
    _check_ca_bundle(None)
    made = EnvironmentSession(own_region, os.environ, partial(_full_session, profile, region))
    return cast("boto3.Session", made)


def _full_session(profile: str | None, region: str | None) -> "boto3.Session":
    import boto3  # noqa: PLC0415 (as above)

    # The AWS CLI and the CDK read AWS_REGION; boto3 reads AWS_DEFAULT_REGION only.
    made = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
    _check_endpoints(chain(_variables(), _configured(made)))
    # boto3 has no other access to the configuration.
    _check_ca_bundle(made._session.get_config_variable("ca_bundle"))
    return made


def _check_endpoints(endpoints: Iterable[tuple[str, str]]) -> None:
    """Raise UserError for the first of `endpoints` that is no URL; botocore raises ValueErrors.

    Each has its source with it.
    """
    for source, url in endpoints:
        try:
            parts = urlsplit(url)
            valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            valid = False
        if not valid or re.search(r"\s", url):
            raise UserError(
                f"{source} is {url!r}: use a URL with scheme and host, such as "
                "https://127.0.0.1:4566, or unset it"
            )


def _variables() -> Iterator[tuple[str, str]]:
    """Yield each endpoint of environment variables with its source."""
    for name, value in os.environ.items():
        if re.fullmatch("AWS_ENDPOINT_URL(_[A-Z0-9_]+)?", name) and value:
            yield name, value


def _configured(session: "boto3.Session") -> Iterator[tuple[str, str]]:
    """Yield each endpoint of the AWS configuration with its source."""
    core = session._session
    profile = core.get_scoped_config()
    services = core.full_config.get("services", {}).get(profile.get("services"), {})
    for section in (profile, *services.values()):
        if isinstance(section, dict) and section.get("endpoint_url"):
            yield "endpoint_url in the AWS configuration", section["endpoint_url"]


def _check_ca_bundle(bundle: str | None) -> None:
    """Raise UserError when the file with CA certificates cannot be used; errors of TLS omit it.

    `bundle` is that of the configuration; those of variables are checked, too.
    """
    bundle = bundle or os.environ.get("AWS_CA_BUNDLE")
    source = "AWS_CA_BUNDLE" if os.environ.get("AWS_CA_BUNDLE") else "ca_bundle"
    if not bundle:
        source, bundle = "REQUESTS_CA_BUNDLE", os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except OSError as error:
        reason = "it has no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UserError(
            f"{source} is {bundle!r}, which cannot be used: {reason}. Set it to a file with CA "
            "certificates (PEM), or unset it"
        ) from None


def explain(error: ClientError | BotoCoreError) -> str:
    """Return one line with the reason of `error` and, for the common ones, a remedy."""
    if isinstance(error, ClientError):
        code = error.response["Error"].get("Code", "error")
        reason = f"{error.operation_name}: {code}: {error.response['Error'].get('Message', '')}"
        key = _DISABLED_KEY.search(reason)
        remedy = _ENABLE.format(key[1]) if key else _REMEDIES.get(code)
    else:
        reason = str(error)
        remedy = _REMEDIES.get(type(error).__name__)
    text = f"{reason.rstrip('. ')}. {remedy}" if remedy else reason
    return printable(" ".join(text.split()))


_DISABLED_KEY = re.compile(r"(arn:[\w-]+:kms:\S+:key/[\w-]+) is disabled")
"""In the message of KMS, which DynamoDB, S3 and SNS pass on."""
_ENABLE = (
    "Who disabled it, and why? `aws kms enable-key --key-id {}` enables it, then `reinventure "
    "redrive --all` handles what failed meanwhile."
)
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
