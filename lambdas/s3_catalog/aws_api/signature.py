"""Signature Version 4 of a request.

Source: "Create a signed AWS API request" in the AWS IAM User Guide.
"""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from s3_catalog.aws_api.http_transport import Request


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, its secret, and the session token of temporary credentials."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def authorization(
    credentials: Credentials, scope: tuple[str, str], request: Request, digest: str
) -> str:
    """Return the header Authorization of `request`, with all its headers signed.

    `scope` is region and service, `digest` the SHA-256 of the body. The headers have lower-case
    names and no spaces in a row; `x-amz-date` is one of them.
    """
    names = sorted(request.headers)
    lines = "".join([f"{name}:{request.headers[name]}\n" for name in names])
    signed = ";".join(names)
    canonical = f"{request.method}\n{request.path}\n{request.query}\n{lines}\n{signed}\n{digest}"
    moment = request.headers["x-amz-date"]
    day, place = moment[:8], f"{moment[:8]}/{'/'.join(scope)}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{place}\n{sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, day, *scope)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{place}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
