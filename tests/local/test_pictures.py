"""The terminals that the README shows are what the commands print."""

from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.pictures import command_scenes, demo_recording, terminal_svg

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def shown(name: str) -> list[str]:
    return terminal_svg.lines((PICTURES / f"{name}.svg").read_text(encoding="utf-8"))


def test_the_commands_print_what_their_pictures_show(
    cloud: Cloud, catalog: DeployedCatalog, tmp_path: Path
) -> None:
    with command_scenes.filled(catalog):
        taken = command_scenes.scenes(cloud, catalog, tmp_path)
    for name, scene in taken.items():
        printed = terminal_svg.lines(scene.picture)
        assert command_scenes.shape(shown(name)) == command_scenes.shape(printed)


@pytest.mark.xdist_group("demonstration")
def test_the_demonstration_prints_what_its_picture_shows() -> None:
    recording = demo_recording.record()
    assert recording.code == 0, recording.rows
    printed = terminal_svg.lines(recording.picture(moving=False))
    for name in ("demo", "demo-still"):
        assert demo_recording.shape(shown(name)) == demo_recording.shape(printed)
