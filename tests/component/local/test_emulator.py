"""The local cloud starts with the one version of the emulator that its patches are for."""

from dataclasses import fields, replace
from importlib import metadata
from pathlib import Path

import pytest

from reinventure.errors import UserError
from reinventure.local import cloud as clouds
from reinventure.local import emulator
from stacks.settings.emulator_limits import MINISTACK_VERSION, EmulatorLimits

DOCUMENT = Path("docs/emulator.md").read_text()


def test_every_patch_is_for_the_version_that_is_required() -> None:
    required = Path("requirements.in").read_text().splitlines()
    assert {f"ministack=={patch.version}" for patch in emulator.PATCHES} <= set(required)
    assert metadata.version("ministack") == emulator.PATCHES[0].version == MINISTACK_VERSION
    emulator.check_version()


@pytest.mark.parametrize("found", ["1.5.34", None])
def test_another_version_is_refused_in_one_sentence_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    def version(package: str) -> str:
        assert package == "ministack"
        if found is None:
            raise metadata.PackageNotFoundError
        return found

    monkeypatch.setattr(emulator, "version", version)
    with pytest.raises(UserError) as refused:
        clouds.start(tmp_path)
    message = str(refused.value)
    assert message.startswith(
        f"the local cloud needs ministack 1.5.33, and found {found or 'none'}"
    )
    assert message.endswith("-m pip install ministack==1.5.33`")
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_patch_for_another_version_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    patches = [*emulator.PATCHES[1:], replace(emulator.PATCHES[0], version="1.6.0")]
    monkeypatch.setattr(emulator, "PATCHES", patches)
    with pytest.raises(UserError, match=r"needs ministack 1\.6\.0, and found 1\.5\.33"):
        emulator.check_version()


@pytest.mark.parametrize("patch", [patch.name for patch in emulator.PATCHES])
def test_every_patch_is_documented(patch: str) -> None:
    assert f"`{patch}`" in DOCUMENT


@pytest.mark.parametrize("limit", [field.name for field in fields(EmulatorLimits)])
def test_every_limit_of_the_templates_is_documented(limit: str) -> None:
    assert f"`{limit}`" in DOCUMENT
