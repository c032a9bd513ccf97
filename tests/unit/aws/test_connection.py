"""The session of the command, and its explanations of botocore's errors."""

import boto3
import pytest
from botocore.exceptions import ClientError, NoRegionError, SSLError

from reinventure.aws import connection


@pytest.mark.parametrize(
    ("environment", "region", "expected"),
    [
        ({}, None, None),
        ({"AWS_REGION": "eu-west-1"}, None, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, None, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, None, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1"}, "eu-west-3", "eu-west-3"),
    ],
)
def test_the_region_is_that_of_the_option_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    region: str | None,
    expected: str | None,
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert connection.session(region=region).region_name == expected
    assert isinstance(connection.session(), boto3.Session)


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (refused("AccessDenied", "no\n  way"), "GetItem: AccessDenied: no way"),
        (refused("X", "\x1b[31mred\x9b"), r"GetItem: X: \x1b[31mred\x9b"),
        (
            refused("ExpiredToken", "too old"),
            "GetItem: ExpiredToken: too old. Set AWS_PROFILE, or log in again, for an account;",
        ),
        (NoRegionError(), "You must specify a region. Set AWS_REGION, or use --region."),
    ],
)
def test_an_error_is_one_line_with_a_remedy(error: ClientError, line: str) -> None:
    assert connection.explain(error).startswith(line)
    assert "\n" not in connection.explain(error)


def test_a_failed_connection_has_questions_about_the_local_cloud() -> None:
    line = connection.explain(SSLError(endpoint_url="https://127.0.0.1:1", error=OSError("bad")))
    assert line.endswith("Is AWS_ENDPOINT_URL left over from one that is not?")
