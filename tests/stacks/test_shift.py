import re

import pytest

from stacks.settings.traffic_shift import Shift, parse


@pytest.mark.parametrize(
    ("value", "shift"),
    [
        ("off", None),
        ("LambdaAllAtOnce", Shift("all-at-once", 100, 0)),
        ("LambdaCanary10Percent30Minutes", Shift("canary", 10, 30)),
        ("LambdaLinear10PercentEvery1Minute", Shift("linear", 10, 1)),
        ("canary:25%/7m", Shift("canary", 25, 7)),
        ("linear:99%/2880m", Shift("linear", 99, 2880)),
    ],
)
def test_a_setting_names_a_shift(value: str, shift: Shift | None) -> None:
    assert parse(value) == shift


@pytest.mark.parametrize(
    "value", ["on", "canary:0%/5m", "canary:100%/5m", "canary:10%", "linear:10%/1h", "Canary10"]
)
def test_an_invalid_shift_is_refused_with_the_choice(value: str) -> None:
    with pytest.raises(ValueError, match=re.escape("must be off, canary:PERCENT%/MINUTESm, ")):
        parse(value)


@pytest.mark.parametrize(
    ("value", "minutes"), [("canary:10%/2881m", 2881), ("linear:30%/961m", 2883)]
)
def test_a_shift_of_more_than_two_days_is_refused(value: str, minutes: int) -> None:
    with pytest.raises(ValueError, match=f"takes {minutes} minutes; CodeDeploy allows"):
        parse(value)


def test_a_custom_shift_that_codedeploy_predefines_has_its_name() -> None:
    shift = parse("canary:10%/5m")
    assert shift
    assert shift.predefined == "LambdaCanary10Percent5Minutes"
    own = parse("canary:10%/6m")
    assert own
    assert own.predefined is None
