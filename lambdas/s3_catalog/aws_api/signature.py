"""Signature Version 4 of a request.

Source: "Create a signed AWS API request" in the AWS IAM User Guide.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, its secret, and the session token of temporary credentials."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def authorization(
    credentials: Credentials,
    region: str,
    service: str,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload_hash: str,
) -> str:
    """Return the header Authorization of a request.

    `path` and `query` are as sent: percent-encoded, the query sorted. All `headers` are signed.
    Their names are in lower case, and `x-amz-date` is one of them; their values have no spaces in
    a row. `payload_hash` is the SHA-256 of the body, in hexadecimal.
    """
    names = sorted(headers)
    lines = "".join([f"{name}:{headers[name]}\n" for name in names])
    signed = ";".join(names)
    request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload_hash}"
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, moment[:8], region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
