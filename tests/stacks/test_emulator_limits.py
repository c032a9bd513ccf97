"""The limits of the emulator: in one place, for the installed version, each with its heading."""

import re
from dataclasses import fields

import pytest

from stacks.settings.emulator_limits import AWS, MINISTACK, MINISTACK_VERSION, EmulatorLimits
from tests.assembly import ROOT

PAGE = ROOT / "docs" / "emulator.md"
LIMITS = [field.name for field in fields(EmulatorLimits)]


def test_the_limits_are_for_the_installed_version() -> None:
    pinned = re.findall(r"^ministack==(.+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert pinned == [MINISTACK_VERSION] == ["1.5.33"]


@pytest.mark.parametrize("name", LIMITS)
def test_each_is_a_limit_of_the_emulator_and_none_of_aws(name: str) -> None:
    assert getattr(MINISTACK, name) is True
    assert getattr(AWS, name) is False


@pytest.mark.parametrize("name", LIMITS)
def test_a_construct_or_the_app_reads_each_limit(name: str) -> None:
    code = [ROOT / "app.py", *(ROOT / "stacks").rglob("*.py")]
    assert [path for path in code if f"settings.limits.{name}" in path.read_text()]


def test_no_construct_reads_the_setting_itself() -> None:
    for path in [ROOT / "app.py", *(ROOT / "stacks").rglob("*.py")]:
        assert "settings.local" not in path.read_text().replace("`settings.local", "")


def test_each_limit_names_a_heading_of_its_page() -> None:
    source = (ROOT / "stacks" / "settings" / "emulator_limits.py").read_text()
    named = re.findall(r'docs/emulator\.md: "([^"]+)"', source)
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text(), re.MULTILINE)
    assert len(named) == len(LIMITS)
    assert set(named) <= set(headings)
