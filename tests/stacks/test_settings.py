import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest

from stacks.settings import SettingError, Settings
from stacks.shift import Shift
from stacks.source import Source

DEFAULTS = {
    "stage": "sandbox",
    "shards": 16,
    "transport": "lambda",
    "minimum_size": 0,
    "reconcile": "off",
    "kinesis": False,
    "totals_depth": 3,
    "canary": "LambdaCanary10Percent5Minutes",
    "source": "create:reinventure@main",
    "portfolio_principal": "",
    "laptop": False,
}


def read(**context: object) -> Settings:
    return Settings.from_context(cdk.App(context={**DEFAULTS, **context}).node)


def test_reads_json_values_and_what_the_command_line_gives() -> None:
    assert read() == Settings(
        stage="sandbox",
        shards=16,
        transport="lambda",
        minimum_size=0,
        reconcile="off",
        kinesis=False,
        totals_depth=3,
        canary=Shift("canary", 10, 5),
        source=Source("create", "reinventure", "main"),
        portfolio_principal="",
        laptop=False,
    )
    assert read(
        stage="production",
        shards="256",
        transport="eventbridge",
        minimum_size="5000000000",
        reconcile="nightly",
        kinesis="true",
        totals_depth="0",
        canary="off",
        source="codecommit:theirs@next",
        portfolio_principal="arn:aws:iam::123456789012:group/launchers",
        laptop="true",
    ) == Settings(
        stage="production",
        shards=256,
        transport="eventbridge",
        minimum_size=5_000_000_000,
        reconcile="nightly",
        kinesis=True,
        totals_depth=0,
        canary=None,
        source=Source("codecommit", "theirs", "next"),
        portfolio_principal="arn:aws:iam::123456789012:group/launchers",
        laptop=True,
    )


def test_the_defaults_of_cdk_json_are_these() -> None:
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    assert {name: context[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("name", "value", "choice"),
    [
        ("stage", "prod", "must be one of sandbox, production"),
        ("stage", None, "must be one of sandbox, production"),
        ("totals_depth", "11", "must be a whole number from 0 to 10"),
        ("shards", "0", "must be a whole number from 1 to 256"),
        ("shards", "257", "must be a whole number from 1 to 256"),
        ("shards", "1.5", "must be a whole number from 1 to 256"),
        ("shards", "²", "must be a whole number from 1 to 256"),
        ("transport", "kinesis", "must be one of lambda, sqs, sns, eventbridge"),
        ("transport", None, "must be one of lambda, sqs, sns, eventbridge"),
        ("minimum_size", "1", "must be 0, except with transport=eventbridge"),
        ("minimum_size", None, "must be 0, except with transport=eventbridge"),
        ("reconcile", "hourly", "must be one of off, nightly"),
        ("kinesis", "yes", "must be one of true, false"),
        ("canary", "on", "must be off, canary:PERCENT%/MINUTESm, linear:PERCENT%/MINUTESm, or one"),
        ("canary", "linear:1%/30m", "takes 2970 minutes; CodeDeploy gives up after 2880"),
        ("source", "github:o/r@main", "must be create:NAME@BRANCH, codecommit:NAME@BRANCH or"),
        ("portfolio_principal", "*", "must be the ARN of a role, user or group, or empty"),
        ("portfolio_principal", None, "must be the ARN of a role, user or group, or empty"),
        ("laptop", "yes", "must be one of true, false"),
    ],
)
def test_says_which_setting_is_wrong_and_what_it_may_be(
    name: str, value: object, choice: str
) -> None:
    with pytest.raises(SettingError, match=re.escape(f"setting {name}={value}: {choice}")):
        read(**{name: value})


@pytest.mark.parametrize("value", ["-1", "5000000001", "1e3", "1 MB"])
def test_a_size_is_one_that_event_bridge_can_compare_with(value: str) -> None:
    with pytest.raises(SettingError, match="must be a whole number from 0 to 5000000000"):
        read(transport="eventbridge", minimum_size=value)


@pytest.mark.parametrize("transport", ["lambda", "sqs", "sns"])
def test_only_event_bridge_can_tell_sizes(transport: str) -> None:
    with pytest.raises(SettingError, match="must be 0, except with transport=eventbridge"):
        read(transport=transport, minimum_size=1)
