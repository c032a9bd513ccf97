"""The session of the command, and its explanations of botocore's errors."""

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, NoRegionError, SSLError

from reinventure.aws import connection
from reinventure.errors import UserError


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


KEY = "arn:aws:kms:us-east-1:1:key/a-b"


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
        (
            refused("AccessDeniedException", f"KMS: {KEY} is disabled."),
            f"GetItem: AccessDeniedException: KMS: {KEY} is disabled. Who disabled it, and why?",
        ),
        (NoRegionError(), "You must specify a region. Set AWS_REGION, or use --region."),
    ],
)
def test_an_error_is_one_line_with_a_remedy(error: ClientError, line: str) -> None:
    assert connection.explain(error).startswith(line)
    assert "\n" not in connection.explain(error)


def test_the_remedy_of_a_disabled_key_names_it() -> None:
    line = connection.explain(refused("KMS.DisabledException", f"{KEY} is disabled."))
    assert f"`aws kms enable-key --key-id {KEY}` enables it" in line


def test_a_failed_connection_has_questions_about_the_local_cloud() -> None:
    line = connection.explain(SSLError(endpoint_url="https://127.0.0.1:1", error=OSError("bad")))
    assert line.endswith("Is AWS_ENDPOINT_URL left over from one that is not?")


CONFIGURATION = """
[default]
services = local
[profile direct]
endpoint_url = 127.0.0.1:2
[profile none]
[services local]
s3 =
  endpoint_url = 127.0.0.1:1
"""


@pytest.mark.parametrize(("profile", "shown"), [(None, "127.0.0.1:1"), ("direct", "127.0.0.1:2")])
def test_an_endpoint_of_the_configuration_without_a_scheme_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str | None, shown: str
) -> None:
    (tmp_path / "config").write_text(CONFIGURATION)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(UserError, match=f"^endpoint_url in the AWS configuration is '{shown}': "):
        connection.session(profile)
    assert connection.session("none").profile_name == "none"


def test_a_ca_bundle_of_the_configuration_must_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\nca_bundle = /no/such\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with pytest.raises(UserError, match=r"^ca_bundle is '/no/such', which cannot be used: No"):
        connection.session()
