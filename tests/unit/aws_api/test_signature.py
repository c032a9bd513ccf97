"""Signatures are those of botocore."""

import string
from datetime import UTC, datetime
from hashlib import sha256
from unittest.mock import patch
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.signature import Credentials, authorization

WORDS = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=60)
NAMES = st.sampled_from(["content-type", "x-amz-target", "x-amz-meta-a", "x-custom"])
VALUES = st.text(string.ascii_letters + string.digits + "/.;=_-", min_size=1, max_size=30)
QUERIES = st.dictionaries(st.text("versionskm-", min_size=1, max_size=9), st.text(), max_size=5)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 (hypothesis)


@given(
    credentials=st.builds(Credentials, WORDS, WORDS, st.none() | WORDS),
    region=st.sampled_from(["eu-west-1", "cn-north-1", "us-gov-west-1"]),
    s3=st.booleans(),
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from(["/", "/bucket", "/a.dotted-bucket", "/prefix/bucket"]),
    parameters=QUERIES,
    headers=st.dictionaries(NAMES, VALUES),
    body=st.binary(max_size=200),
    moment=MOMENTS,
)
def test_a_signature_is_botocores(
    credentials: Credentials,
    region: str,
    s3: bool,
    method: str,
    path: str,
    parameters: dict[str, str],
    headers: dict[str, str],
    body: bytes,
    moment: datetime,
) -> None:
    encoded = {quote(name, safe="-_.~"): quote(v, safe="-_.~") for name, v in parameters.items()}
    query = "&".join(f"{name}={value}" for name, value in sorted(encoded.items()))
    service = "s3" if s3 else "dynamodb"
    url = f"https://example.com:4566{path}{query and '?'}{query}"
    request = AWSRequest(method, url, headers=headers, data=body)
    theirs = BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=UTC)):
        (S3SigV4Auth if s3 else SigV4Auth)(theirs, service, region).add_auth(request)

    digest = sha256(body).hexdigest()
    signed = {
        **headers,
        "host": "example.com:4566",
        "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ"),
    }
    if s3:
        signed["x-amz-content-sha256"] = digest
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    sent = Request(method, query, signed, body, path)
    ours = authorization(credentials, (region, service), sent, digest)
    assert ours == request.headers["Authorization"]


def test_credentials_are_shown_without_their_secrets() -> None:
    assert repr(Credentials("AKID", "secret", "token")) == "Credentials(access_key='AKID')"
