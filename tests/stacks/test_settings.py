import re

import aws_cdk as cdk
import pytest

from stacks.settings import SettingError, Settings

DEFAULTS = {"stage": "sandbox", "shards": 16, "laptop": False}


def read(**context: object) -> Settings:
    return Settings.from_context(cdk.App(context={**DEFAULTS, **context}).node)


def test_reads_json_values_and_what_the_command_line_gives() -> None:
    assert read() == Settings(stage="sandbox", shards=16, laptop=False)
    assert read(stage="production", shards="256", laptop="true") == Settings(
        stage="production", shards=256, laptop=True
    )


@pytest.mark.parametrize(
    ("name", "value", "choice"),
    [
        ("stage", "prod", "must be one of sandbox, production"),
        ("stage", None, "must be one of sandbox, production"),
        ("shards", "0", "must be a whole number from 1 to 256"),
        ("shards", "257", "must be a whole number from 1 to 256"),
        ("shards", "1.5", "must be a whole number from 1 to 256"),
        ("shards", "²", "must be a whole number from 1 to 256"),
        ("laptop", "yes", "must be one of true, false"),
    ],
)
def test_says_which_setting_is_wrong_and_what_it_may_be(
    name: str, value: object, choice: str
) -> None:
    with pytest.raises(SettingError, match=re.escape(f"setting {name}={value}: {choice}")):
        read(**{name: value})
