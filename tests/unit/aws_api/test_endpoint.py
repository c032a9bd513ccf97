"""Endpoints are those of botocore: regional ones, and those of the environment."""

import os
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSRequest

from s3_catalog.aws_api.endpoint import bucket_url, configured, endpoint

SESSION = botocore.session.Session()


def botocores(service: str, region: str) -> str:
    client = SESSION.create_client(
        service,
        region,
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 (not used)
    )
    return str(client.meta.endpoint_url)


@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_regional_endpoint_is_botocores(service: str) -> None:
    for region in SESSION.get_available_regions(service):
        if (service, region) != ("s3", "us-east-1"):  # botocore takes the global endpoint.
            assert endpoint(service, region, {}) == botocores(service, region)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_ENDPOINT_URL": "https://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:1/a/"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:1", "AWS_ENDPOINT_URL": "http://b"},
        {"AWS_ENDPOINT_URL_S3": "http://localhost:1"},
    ],
)
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_an_endpoint_of_the_environment_is_read_like_botocores(
    monkeypatch: pytest.MonkeyPatch, service: str, variables: dict[str, str]
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = botocore.session.Session().create_client(
        service,
        "eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 (not used)
    )
    assert endpoint(service, "eu-west-1", os.environ) == client.meta.endpoint_url


@pytest.mark.parametrize(
    ("bucket", "variables"),
    [
        ("photos", {}),
        ("my.photos", {}),
        ("Photos_2010", {}),
        ("photos", {"AWS_ENDPOINT_URL_S3": "https://127.0.0.1:4566"}),
        ("photos", {"AWS_ENDPOINT_URL": "http://localhost:4566"}),
    ],
)
def test_a_bucket_is_addressed_like_botocores(
    monkeypatch: pytest.MonkeyPatch, bucket: str, variables: dict[str, str]
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client: Any = botocore.session.Session().create_client(
        "s3",
        "eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 (not used)
    )

    def stop(request: AWSRequest, **_: object) -> None:
        raise Stopped(str(request.url).partition("?")[0])

    client.meta.events.register("before-sign.s3.ListObjectVersions", stop)
    with pytest.raises(Stopped) as stopped:
        client.list_object_versions(Bucket=bucket)
    url = endpoint("s3", "eu-west-1", variables)
    ours = bucket_url(url, bucket, own_host=not configured("s3", variables))
    assert ours == str(stopped.value).rstrip("/")


class Stopped(Exception):  # noqa: N818 (no error)
    """The URL of a request that is not sent."""
